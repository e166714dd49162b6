#!/usr/bin/env bats
# Samples and features by name, versions, maps, joins.

load ../helpers

data() {
    cat >t.tsv <<'EOF'
id	@label	x	y	z
a	no	1	2	3
b	yes	4	5	6
c	no	7	8	9
EOF
}

@test "keep and drop, by list and by file, in the order of the matrix" {
    data
    must_pass eae-view -q t.tsv --samples c,a --features z,x -O tsv
    printf 'id\t@label\tx\tz\na\tno\t1\t3\nc\tno\t7\t9\n' | diff - .stdout
    printf 'b\n' >drop
    must_pass eae-view -q t.tsv --drop-samples drop --drop-features y -O tsv
    printf 'id\t@label\tx\tz\na\tno\t1\t3\nc\tno\t7\t9\n' | diff - .stdout
}

@test "names that are not there: an error with three of them" {
    data
    must_fail 1 eae-view -q t.tsv --features p,x,q,r,s -O tsv
    says "4 of 5 names are not in the data frame: 'p', 'q', 'r'"
    must_fail 1 eae-view -q t.tsv --drop-samples nobody -O tsv
    says "nobody"
    must_fail 1 eae-view -q t.tsv --drop-samples a,b,c -O tsv
    says "--drop-samples leaves nothing"
}

@test "versions go from accessions, and from nothing else" {
    printf 'id\tENSG00000141510.12\tENSMUSG00000059552.3\tNM_000546.6\tNKX2.1\tENST.2\tENSG00000002586.20_PAR_Y\na\t1\t2\t3\t4\t5\t6\n' >t.tsv
    must_pass eae-view -q t.tsv --strip-version -O tsv
    [ "$(head -1 .stdout)" = "$(printf 'id\tENSG00000141510\tENSMUSG00000059552\tNM_000546\tNKX2.1\tENST.2\tENSG00000002586.20_PAR_Y')" ]
    printf 'id\tENSG00000141510.12\tENSG00000141510.13\na\t1\t2\n' >t.tsv
    must_fail 1 eae-view -q t.tsv --strip-version -O tsv
    says "ENSG00000141510.13"
}

# Probes by hand: G has x (mean 4) and y (mean 5); H has z; w is ambiguous, v unmapped.
probes() {
    cat >t.tsv <<'EOF'
id	x	w	y	z	v
a	1	0	9	3	0
b	7	0	1	NA	0
EOF
    printf '# chip\nx\tG\nz,not\tH\nz\tH\ty comment\ny\tG\nw\tG///H\nv\t---\nu\tK\n' >map
}

@test "probes to genes: the highest mean, the mean, the median" {
    probes
    must_pass eae-view t.tsv --map map -O tsv
    says "dropped 1 unmapped and 1 ambiguous of 5 features"
    printf 'id\tG\tH\na\t9\t3\nb\t1\tNA\n' | diff - .stdout
    must_pass eae-view -q t.tsv --map map --collapse mean -O tsv
    printf 'id\tG\tH\na\t5\t3\nb\t4\tNA\n' | diff - .stdout
    must_pass eae-view -q t.tsv --map map --collapse median -O tsv
    printf 'id\tG\tH\na\t5\t3\nb\t4\tNA\n' | diff - .stdout
    must_pass eae-view -q t.tsv --map map --features H -O tsv
    printf 'id\tH\na\t3\nb\tNA\n' | diff - .stdout
    printf 'y\tG\n' >other
    printf 'nothing\tG\n' >none
    must_fail 1 eae-view -q t.tsv --map none -O tsv
    says "maps none of the 5 features"
    printf 'x\tG\nx only\n' >bad
    must_fail 1 eae-view -q t.tsv --map bad -O tsv
    says "bad:2:"
    must_fail 1 eae-view -q t.tsv --map absent -O tsv
    says "absent"
    must_fail 2 eae-view -q t.tsv --collapse mean -O tsv
    says "--collapse needs --map"
}

@test "blocks side by side by sample" {
    printf 'id\t@label\tx\na\tno\t1\nb\tyes\t2\nc\tno\t3\n' >rna.tsv
    printf 'id\t@site\ty\tz\nc\tP\t30\t31\nd\tQ\t40\t41\na\tP\t10\t11\n' >prot.v2.tsv
    must_pass eae-view --join rna.tsv prot.v2.tsv -O tsv
    says "2 of 4 samples are not in every block"
    printf 'id\t@label\t@site\trna:x\tprot:y\tprot:z\na\tno\tP\t1\t10\t11\nc\tno\tP\t3\t30\t31\n' | diff - .stdout
    must_pass eae-view -q --join-all rna.tsv prot.v2.tsv -O tsv
    printf 'id\t@label\t@site\trna:x\tprot:y\tprot:z\na\tno\tP\t1\t10\t11\nb\tyes\tNA\t2\tNA\tNA\nc\tno\tP\t3\t30\t31\nd\tNA\tQ\tNA\t40\t41\n' | diff - .stdout
}

@test "import options are for the first block" {
    printf 'id\tclass\tx\na\tno\t1\nb\tyes\t2\n' >rna.tsv
    printf 'id\tb\ta\ny\t20\t10\n' >prot.tsv
    eae-view -q --by-feature prot.tsv >prot.eae
    must_pass eae-view -q --join rna.tsv prot.eae --label class -O tsv
    printf 'id\t@label\trna:x\tprot:y\na\tno\t1\t10\nb\tyes\t2\t20\n' | diff - .stdout
}

@test "blocks that cannot be joined" {
    printf 'id\t@label\tx\na\tno\t1\nb\tyes\t2\n' >one.tsv
    printf 'id\t@label\tx\na\tyes\t1\nb\tyes\t2\n' >two.tsv
    printf 'id\tx\nq\t1\n' >three.tsv
    must_fail 1 eae-view -q --join one.tsv two.tsv -O tsv
    says "contradict each other about 'label' of sample 'a'"
    must_fail 1 eae-view -q --join one.tsv three.tsv -O tsv
    says "no sample in common"
    must_fail 2 eae-view -q --join one.tsv -O tsv
    mkdir d && cp one.tsv d/one.tsv
    must_fail 1 eae-view -q --join one.tsv d/one.tsv -O tsv
    says "one:x"
}

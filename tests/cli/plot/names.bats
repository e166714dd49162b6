#!/usr/bin/env bats
# Names from the data are shown as they are and are never code: of gnuplot, of a shell, of SVG or HTML.
load ../helpers
load plot

# a name for each trap; no tab and no line end, which a report cannot have
hostile() {
    cat <<'END'
a_b{c}^d@e$f&g~h
<script>alert(1)</script>
</text></svg><b onclick='x'>&amp;
'; system("touch pwned"); x='
"; system("touch pwned"); "
`touch pwned` $(touch pwned)
@pwned %s %d %n %g #not a comment
back\slash\n\101 at the end\
]]> -->
END
    printf 'EOD\n'
    printf 'caf\303\251 \316\262 \377\376 \033[31m \302\205\342\200\256x\n'
}

# what is shown of them: control characters and wrong bytes as ?
shown() { LC_ALL=C sed 's/\xff\xfe \x1b/?? ?/; s/\xc2\x85\xe2\x80\xae/??/; s/\]\]>/]] >/'; }

@test "in every place of figures of reports" {
    hostile >names
    { printf 'set\tset_size\tnes\tp\n'; awk '{ print $0 "\t20\t" NR / 4 "\t0.00" NR }' names; } >sets.tsv
    { printf 'metric\tmodel\tsplit\tvalue\n'; awk '{ print "auc\t" $0 "\t1\t0." NR }' names; } >box.tsv
    { printf 'id\teffect\tp\n'; awk '{ print $0 "\t" (NR % 2 ? NR : -NR) "\t1e-" NR * 3 }' names; } >volcano.tsv
    { printf 'model\tfpr\ttpr\n'; sed 8q names | awk '{ print $0 "\t0\t0\n" $0 "\t0." NR "\t0.8\n" $0 "\t1\t1" }'; } >roc.tsv
    for kind in enrich:sets box:box volcano:volcano roc:roc; do
        for format in txt pdf; do
            must_pass eae-plot "${kind%%:*}" -q "${kind#*:}.tsv" -o "x.$format"
        done
        must_pass eae-plot "${kind%%:*}" -q "${kind#*:}.tsv" -o "${kind#*:}.svg"
    done
    [ ! -e pwned ]
    well_formed sets.svg box.svg volcano.svg roc.svg
    for f in sets:40 box:28; do
        most=${f#*:} f=${f%:*}
        texts $f.svg >$f.texts
        shown <names | sed 's/ *$//' | while IFS= read -r name; do
            [ "$(printf %s "$name" | wc -m)" -gt "$most" ] || grep -qxF -e "$name" $f.texts || fail "$f: $name"
        done
    done
    # no element that gnuplot does not make
    lacks '<script|<b ' ./*.svg
}

@test "as labels, batches, features, and words of the command line" {
    make_data
    hostile | grep -v 'caf\|EOD' | head -6 >names
    awk -F '\t' 'BEGIN { OFS = FS } NR == FNR { name[NR - 1] = $0; next } FNR == 1 { print; next } { $2 = "\"" name[FNR % 6] "\""; print }' <(sed 's/"/""/g' names) m.tsv >h.tsv
    awk -F '\t' 'BEGIN { OFS = FS } NR == FNR { name[NR] = $0; next } FNR == 1 { for (i = 1; i <= 6; i++) $(i + 2) = "\"" name[i] "\"" } 1' \
        <(sed 's/"/""/g' names) h.tsv >g.tsv
    eae-view -q --label label h.tsv -o h.eae
    must_pass eae-plot pca -q h.eae -o x.svg --title '<i>$x "`id`' --xlabel "it's '" --ylabel 'a\'
    well_formed x.svg
    texts x.svg >t
    while IFS= read -r name; do
        [ "${#name}" -gt 24 ] || grep -qxF -e "$name" t || fail "$name"
    done <names
    for text in '<i>$x "`id`' "it's '" 'a\'; do grep -qxF -e "$text" t || fail "$text"; done
    must_pass eae-plot heatmap -q h.eae -o y.svg
    well_formed y.svg
    eae-view -q --label label g.tsv -o g.eae
    must_pass eae-plot heatmap -q g.eae -o z.svg
    well_formed z.svg
    must_pass eae-plot heatmap -q g.eae -O term
    [ ! -e pwned ]
}

@test "long names lose their middle" {
    printf 'set\tset_size\tnes\tp\n%s\t20\t2\t0.01\n' "BEGIN_$(printf 'x%.0s' {1..200})_END" >sets.tsv
    must_pass eae-plot enrich sets.tsv -o x.svg
    texts x.svg | grep -q '^BEGIN_x*…x*_END$'
    [ "$(texts x.svg | grep BEGIN | tr -d '\n' | wc -m)" -le 42 ]
}

@test "in the page" {
    hostile >names
    { printf 'set\tset_size\tnes\tp\n'; awk '{ print $0 "\t20\t" NR / 4 "\t0.00" NR }' names; } >'<img src=x onerror=alert(1)>.tsv'
    must_pass eae-plot report -q --title '<script>alert(2)</script>' './<img src=x onerror=alert(1)>.tsv' -o page.html
    python3 - <<'END'
from html.parser import HTMLParser
class P(HTMLParser):
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "b", "i", "iframe", "object"), tag
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        assert not any(name in ("src", "action") for name, _ in attrs), attrs
P().feed(open("page.html", encoding="utf-8").read())
END
    grep -qF '&lt;script&gt;alert(2)&lt;/script&gt;' page.html
    [ ! -e pwned ]
}

@test "a set that is named by an accession stands by its description, another by its name" {
    printf 'set\tset_size\toverlap\texpected\tp\tbh\tdescription\n' >sets.tsv
    printf 'GO:0006955\t100\t20\t5\t1e-9\t1e-8\timmune response\n' >>sets.tsv
    printf 'hsa04110\t90\t10\t5\t1e-4\t1e-3\tCell cycle\n' >>sets.tsv
    printf 'HALLMARK_HYPOXIA\t90\t10\t5\t1e-4\t1e-3\thttp://x.org/y\n' >>sets.tsv
    printf 'GO:0000001\t90\t10\t5\t1e-4\t1e-3\tNA\n' >>sets.tsv
    printf 'DNA repair\t90\t10\t5\t1e-4\t1e-3\tR-HSA-73894\n' >>sets.tsv
    must_pass eae-plot enrich sets.tsv -o x.svg
    for shown in 'immune response' 'Cell cycle' HALLMARK_HYPOXIA GO:0000001 'DNA repair'; do
        grep -q ">[^<]*$shown" x.svg || fail "$shown"
    done
    for hidden in GO:0006955 hsa04110 x.org R-HSA; do
        if grep -q "$hidden" x.svg; then fail "$hidden"; fi
    done
}

@test "survival curves: names of groups do not leave the picture" {
    make_survival
    awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $4 = $4 == "a" ? "Intermediate" : "Poorly differentiated, all" } 1' survival.tsv >names.tsv
    local words=(km names.tsv --time time --status status --meta arm --colour arm)
    must_pass eae-plot "${words[@]}" -o names.pdf
    # as poppler measures it: the ends of both lines of the key
    pdftotext -bbox names.pdf - | sed -n 's/.*<page width="\([0-9.]*\)".*/page \1/p; s/.*xMax="\([0-9.]*\)".*>events<.*/word \1/p' >ends
    [ "$(wc -l <ends)" -eq 3 ]
    awk '$1 == "page" { most = $2 } $1 == "word" && $2 > most { print "an end beyond " most ": " $2; bad = 1 } END { exit bad }' ends
    # in a drawing of characters the shares at the axis have room where no name makes it
    must_pass eae-plot km names.tsv --time time --status status --meta arm -O term -o names.txt
    for share in 0.25 0.5 0.75; do
        grep -q " $share +" names.txt || fail "no $share: $(cat names.txt)"
    done
}

@test "a volcano names features without the quotes that a table puts around them" {
    printf 'id\teffect\tp\n"5"" end"\t3\t1e-9\n" blank"\t-3\t1e-9\nplain"\t2\t1e-8\n"\t1\t1e-7\n' >quoted.tsv
    must_pass eae-plot volcano quoted.tsv -o quoted.svg
    texts quoted.svg >said
    for name in '5" end' blank 'plain"' '"'; do
        grep -qxF -- "$name" said || fail "no $name: $(cat said)"
    done
}

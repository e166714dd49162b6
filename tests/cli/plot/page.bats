#!/usr/bin/env bats
# One page of all files: what each is, its figures, tables and history; no network, no script.
load ../helpers
load plot

@test "each file has its section, figures and history" {
    make_study
    must_pass eae-plot report -q --title 'A study' data.eae svm.eae rfe.eae km.tsv roc.tsv pr.tsv box.tsv size.tsv stability.tsv \
        volcano.tsv sets.tsv gsea.tsv scaling.tsv -o page.html
    for text in '<title>A study</title>' 'data.eae: data' 'svm.eae: prediction' 'roc.tsv: ROC curves' 'pr.tsv: precision-recall curves' \
        'box.tsv: performance by split' 'size.tsv: performance, summed up' 'stability.tsv: stability of the features' \
        'volcano.tsv: features one by one' 'sets.tsv: gene sets' 'gsea.tsv: gene sets' 'scaling.tsv: time against size' \
        'Features over samples' 'data: 36 samples × 12 features; c0 18, c1 18' \
        'eae-split --kfold=3 --repeats=2' 'eae-train svm --cost=0.01,1' 'Kaplan-Meier' 'No p-value'; do
        grep -qF -e "$text" page.html || fail "$text"
    done
    # pca, map, km, stability twice, ...: as many captions as pictures, and each is well-formed with ids of its own
    python3 - <<'END'
import re, xml.etree.ElementTree as e
from html.parser import HTMLParser
page = open("page.html", encoding="utf-8").read()
pictures = re.findall(r"<svg.*?</svg>", page, re.S)
assert len(pictures) == page.count("<figcaption>") >= 14, len(pictures)
ids = []
for p in pictures:
    ids += [x.get("id") for x in e.fromstring(p).iter() if x.get("id")]
assert len(ids) == len(set(ids)), "an id twice"
names = set(ids)
for ref in re.findall(r"href=['\"]#(f\d+_[^'\"]*)", page): assert ref in names, ref
class P(HTMLParser):
    void = {"meta", "link", "br", "img", "hr"}
    def __init__(self): super().__init__(); self.open = []
    def handle_starttag(self, tag, attrs):
        if tag not in self.void: self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href"): assert value.startswith(("#", "data:")), value
    def handle_startendtag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src", "xlink:href"): assert value.startswith(("#", "data:")), value
    def handle_endtag(self, tag): assert self.open.pop() == tag, tag
p = P(); p.feed(page); p.close(); assert not p.open, p.open
assert "<script" not in page and "url(http" not in page and "@import" not in page
END
    # table: the numbers of the report, to four digits
    value=$(columns_from mean size.tsv | sed -n 2p | cut -f 1 | xargs printf %.4g)
    grep -qF ">$value</td>" page.html
}

@test "the same bytes again, from a pipe, and for any number of threads" {
    make_data && make_predictions
    must_pass eae-plot report -q -t 1 data.eae svm.eae -o a.html
    must_pass eae-plot report -q -t 4 data.eae svm.eae -o b.html
    same_bytes a.html b.html
    cat data.eae svm.eae | must_pass eae-plot report -q -o c.html
    grep -q 'standard input: data, prediction' c.html
    cp b.html d.html
    must_pass eae-plot report -q - data.eae -o d.html <svm.eae
    differ b.html d.html
}

@test "what cannot be drawn is said in the page; what cannot be read ends it" {
    awk 'BEGIN { print "a\tb\nx\t1" }' >other.tsv
    make_matrix 8 3 m.tsv
    sed '3s/\t[0-9.]*$/\tNA/' m.tsv | eae-view -q --label label - -o holes.eae
    must_pass eae-plot report -q other.tsv holes.eae -o page.html
    grep -q 'other.tsv: table' page.html
    must_pass eae-plot report -q --label label m.tsv -o text.html
    grep -q 'm.tsv: data' text.html
    grep -q 'data: 8 samples × 3 features; c0 4, c1 4' text.html
    grep -q 'No figure: .*missing' page.html
    must_fail 1 eae-plot report -q other.tsv none.tsv -o x.html
    says none.tsv
    printf 'eae\n' >bad.tsv
    must_fail 1 eae-plot report -q bad.tsv -o x.html
    : >empty
    must_fail 1 eae-plot report -q empty -o x.html
    says "empty: empty"
    head -c 400 holes.eae >cut.eae
    must_fail 1 eae-plot report -q cut.eae -o x.html
    [ ! -e x.html ]
    must_fail 1 env PATH=/nonexistent "$(command -v eae-plot)" report -q m.tsv --label label -o x.html
    says "figures need gnuplot"
    [ ! -e x.html ]
}

@test "a browser shows it without an error and asks for nothing" {
    browser=$(command -v chromium || command -v chromium-browser || true)
    [ -n "$browser" ] || skip "no chromium: apt-get install chromium"
    make_data && make_predictions && make_sets
    must_pass eae-plot report -q data.eae svm.eae sets.tsv -o page.html
    HOME=$PWD timeout 100 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
        --enable-logging=stderr --log-level=0 --log-net-log="$PWD/net.json" --dump-dom "file://$PWD/page.html" >dom.html 2>log.txt
    grep -q '<h2>sets.tsv: gene sets</h2>' dom.html
    [ "$(grep -c '<figcaption>' dom.html)" -eq 4 ]
    lacks ':CONSOLE' log.txt
    # what the page itself asked for
    grep -oE '"url":"https?://[^"]*"' net.json | grep -vE 'google|gstatic|chrome|android.clients' >asked || true
    lacks . asked
}

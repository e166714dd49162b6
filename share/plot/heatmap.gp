# heatmap.gp - features over samples. $z: sample, feature, z-score; $strip: begin, end, level; label[1..label_n]
# from the top, level[1..level_n]; shade[]: rows in characters.
unset key
if (term) {
    unset border
    unset xtics
    set ytics scale 0
    set lmargin label_width + 2
    set rmargin 0
    set tmargin 1
    set bmargin 1
    set yrange [label_n + 0.5 : 0.5]
    set xrange [0 : 1]
    set ytics ()
    set for [i=1:label_n] ytics add (tic_text(label[i]) i)
    set for [i=1:label_n] label i shade[i] at 0, i left
    plot NaN
} else {
    set border 0
    set lmargin at screen name_margin(label_width)
    set xrange [0.5 : sample_n + 0.5]
    set yrange [label_n + 0.5 : -1.6]
    unset xtics
    set xlabel xname(sprintf('%d samples', sample_n)) offset 0, 0.5
    set ytics ()
    set for [i=1:label_n] ytics add (tic_text(label[i]) i) scale 0
    set palette defined (0 '#00204d', 1 '#00336f', 2 '#39486b', 3 '#575c6d', 4 '#707173', 5 '#8a8779', \
        6 '#a69d75', 7 '#c4b56c', 8 '#e4cf5b', 9 '#ffea46')
    set cbrange [-2.5 : 2.5]
    set cblabel 'z-score' offset character 0.5, 0 textcolor rgb ink
    set cbtics 1 scale 0.3
    set colorbox user origin graph 1.03, graph 0.02 size graph 0.025, graph 0.4
    set rmargin at screen 1 - 0.75 / width
    if (level[1] ne '') { set key at graph 0.5, graph 1.01 center bottom horizontal Left reverse samplen 1 }
    set tmargin 2.5
    plot $z using 1:2:3 with image notitle, \
        for [i=1:level_n] $strip using 1:($3 == i ? -0.6 : NaN):1:2:(-1.1):(-0.1) with boxxyerror \
            linecolor rgb colour[i] fillstyle solid 1 noborder title level[i]
}

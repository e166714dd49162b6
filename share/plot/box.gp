# box.gp - a metric over the splits. $box: place, low whisker, quartile, median, quartile, high whisker,
# mean, splits; $split: place, value, offset; label[1..label_n] from the top.
set xlabel xname(metric)
unset key
set yrange [label_n + 0.6 : 0.4]
set ytics ()
set for [i=1:label_n] ytics add (tic_text(label[i]) i) scale 0
set xrange [y_low : y_high]
set xtics y_tic_wide
set border 1
if (!term) { set lmargin at screen name_margin(label_width) }
if (term) {
    plot $split using 2:($1 + $3) with points pointtype 'o', $box using 4:1 with points pointtype '|', \
        $box using 7:1 with points pointtype 'X'
} else {
    if (chance == chance) {
        set arrow 900 from chance, graph 0 to chance, graph 1 nohead linecolor rgb grey linewidth 0.8 dashtype 3
    }
    plot $box using 2:1:($6-$2):(0) with vectors nohead linecolor rgb ink linewidth 0.8, \
        $box using 4:1:3:5:($1-0.3):($1+0.3) with boxxyerror linecolor rgb colour[7] \
            linewidth 0.8 fillstyle transparent solid 0.35 border linecolor rgb ink, \
        $split using 2:($1 + $3) with points pointtype 7 pointsize 0.25*grow linecolor rgb colour[1], \
        $box using 4:($1-0.3):(0):(0.6) with vectors nohead linecolor rgb ink linewidth 2, \
        $box using 7:1 with points pointtype 13 pointsize 0.7*grow linecolor rgb colour[2]
}

# volcano.gp - effect against p-value. $up, $down: found, with a positive and a negative effect (up_n,
# down_n of them); $rest: the others; columns effect, -log10 p. name[1..name_n] stand at name_x, name_y, to
# the right (name_side 1) or the left (-1). found_line: the largest p-value found.
set xlabel xname('Effect')
y_name = yname('−log₁₀ p')
eval set_y
set xrange [-x_most : x_most]
set yrange [0 : y_most]
set xtics x_tic
unset key
set label 800 sprintf('▼ down: %d', down_n) at graph 0.01, graph 1.04 left textcolor rgb colour[1]
set label 801 sprintf('up: %d ▲', up_n) at graph 0.99, graph 1.04 right textcolor rgb colour[2]
set tmargin 2
if (!term) {
    do for [i=1:name_n] {
        if (name_side[i] > 0) {
            set label i name[i] at name_x[i], name_y[i] left offset character 0.7, 0 font small textcolor rgb ink
        } else {
            set label i name[i] at name_x[i], name_y[i] right offset character -0.7, 0 font small textcolor rgb ink
        }
    }
    set arrow 900 from 0, graph 0 to 0, graph 1 nohead back linecolor rgb pale linewidth 0.8
}
if (term) {
    plot $rest using 1:2 with points pointtype '.' notitle, \
        $up using 1:2 with points pointtype '+', \
        $down using 1:2 with points pointtype '-'
} else {
    plot $rest using 1:2 with points pointtype 7 pointsize 0.2*grow linecolor rgb '#b3b3b3' notitle, \
        found_line with lines linecolor rgb grey linewidth 0.8 dashtype 3 notitle, \
        $up using 1:2 with points pointtype 9 pointsize 0.4*grow linecolor rgb colour[2], \
        $down using 1:2 with points pointtype 11 pointsize 0.4*grow linecolor rgb colour[1]
}

# stability.gp - agreement of selected features against their number. $size: features, value, low, high; a part for each
# of label[1..label_n]. $selected: series, mean, low, high of what was chosen inside the splits
# (selected_n of them), drawn at the right.
set xlabel xname('Number of features')
y_name = yname(metric)
eval set_y
set logscale x
set format x '%.0f'
room = size_most > size_least ? size_most / size_least : 10
pad = room ** 0.03
right = selected_n > 0 ? size_most * room ** 0.12 : size_most * pad
set xrange [size_least / pad : right * (selected_n > 0 ? pad ** 2 : 1)]
if (selected_n > 0) {
    set xtics add ('chosen inside' right)
    set arrow 900 from size_most * room ** 0.06, graph 0 to size_most * room ** 0.06, graph 1 nohead \
        linecolor rgb pale linewidth 0.8
}
at(series) = right * room ** (0.02 * (series - (label_n - 1) / 2.))
if (label_n > 1) { eval key_below } else { unset key }
set yrange [y_low : y_high]
set ytics y_tic
if (term) {
    plot for [i=1:label_n] $size index i-1 using 1:2 with linespoints title label[i], \
        for [i=1:label_n] $selected index i-1 using (at($1)):2 with points pointtype i notitle
} else {
    plot for [i=1:label_n] $size index i-1 using 1:3:4 with filledcurves linecolor rgb colour[i] \
            fillstyle transparent solid 0.15 noborder notitle, \
        chance with lines linecolor rgb grey linewidth 0.8 dashtype 3 notitle, \
        for [i=1:label_n] $size index i-1 using 1:2 with linespoints linestyle i \
            pointinterval -marks_every title label[i], \
        for [i=1:label_n] $selected index i-1 using (at($1)):2:3:4 with yerrorbars linestyle i dashtype 1 notitle
}

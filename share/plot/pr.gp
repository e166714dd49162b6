# pr.gp - precision-recall curves. $curve: recall, mean precision, lowest, highest; a part for each of
# label[1..label_n]; prevalence: what chance gives.
set xlabel xname('Recall')
y_name = yname('Precision')
eval set_y
set xrange [0:1]
set yrange [0:1.005]
set xtics 0.2
set ytics 0.2
eval key_below
if (term) {
    plot prevalence with dots notitle, \
        for [i=1:label_n] $curve index i-1 using 1:2 with lines linestyle i title label[i]
} else {
    plot for [i=1:label_n] $curve index i-1 using 1:(repeats > 1 ? $3 : NaN):4 with filledcurves \
            linecolor rgb colour[i] fillstyle transparent solid 0.15 noborder notitle, \
        prevalence with lines linecolor rgb grey linewidth 0.8 dashtype 3 notitle, \
        for [i=1:label_n] $curve index i-1 using 1:2 with lines linestyle i title label[i]
}

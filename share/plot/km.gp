# km.gp - survival. $km: time, share, low, high (corners); $censored: time, share; a part for each of
# label[1..label_n], group[] in short. risk[(g-1)*tic_n+k]: at risk in group g at tic[k]. say: a line above
# the curves; '' is none.
set xlabel xname('Time')
y_name = yname('Share without an event')
eval set_y
set yrange [0:1.02]
set ytics 0.25
set xrange [0 : time_most * 1.03]
set xtics ()
set for [k=1:tic_n] xtics add (sprintf('%g', tic[k]) tic[k])
set key above left vertical maxcols 1 Left reverse width key_width(label_width)
if (figure_title ne '') { unset title; set key title figure_title center }   # above the key
if (term) {
    set bmargin label_n + 4
    set tmargin label_n + 2 + 2 * (figure_title ne '')
    set lmargin (group_width < 4 ? 4 : group_width) + 4
    do for [g=1:label_n] {
        set label 820+g group[g] at graph 0, graph 0 offset -3, -(g + 3) right
        do for [k=1:tic_n] { set label 900+g*20+k sprintf('%d', risk[(g-1)*tic_n+k]) at tic[k], graph 0 offset 0, -(g + 3) center }
    }
    plot for [g=1:label_n] $km index g-1 using 1:2 with lines title label[g], \
        for [g=1:label_n] $censored index g-1 using 1:2 with points pointtype '+' notitle, \
        NaN with points pointtype ' ' title say
} else {
    foot = figure_note ne '' ? 1.2 : 0.2
    row(g) = (label_n - g + 0.5 + foot) * line / height
    set bmargin at screen (label_n + 3.8 + foot) * line / height
    least = (format eq 'svg' ? 0.108 : 0.08) * points_of_text / width
    left = name_margin(group_width) + 0.008 * points_of_text / width
    set lmargin at screen left > least ? left : least
    # a key that is too wide from there on begins at the edge of the picture
    if ((left > least ? left : least) + name_margin(label_width) + 0.04 * points_of_text / width > 1) {
        set key at screen 0.02, screen 1 - 0.3 * line / height left top vertical maxcols 1
        set tmargin at screen 1 - (label_n + (say ne '') + (figure_title ne '') + 0.8) * 1.05 * line / height
    }
    set label 820 'At risk' at screen 0.02, screen row(0) left textcolor rgb grey
    do for [g=1:label_n] {
        set label 820+g group[g] at screen 0.02, screen row(g) left textcolor rgb colour[g]
        do for [k=1:tic_n] {
            set label 900+g*20+k sprintf('%d', risk[(g-1)*tic_n+k]) at tic[k], screen row(g) center textcolor rgb ink
        }
    }
    plot for [g=1:label_n] $km index g-1 using 1:3:4 with filledcurves linecolor rgb colour[g] \
            fillstyle transparent solid 0.12 noborder notitle, \
        for [g=1:label_n] $km index g-1 using 1:2 with lines linestyle g title label[g], \
        for [g=1:label_n] $censored index g-1 using 1:2 with points pointtype 1 pointsize 0.45*grow linewidth 1 \
            linecolor rgb colour[g] notitle, \
        NaN with lines linecolor rgb '#ffffff' title say
}

# scaling.gp - time against size. $time: megabytes, seconds; a part for each of label[1..label_n].
set xlabel xname('Size of the data, MB')
y_name = yname('Time, s')
eval set_y
set logscale xy
set format x '%g'
set format y '%g'
set xrange [*<1:*]
set autoscale xfixmax
set offsets 0, graph 0.03, 0, 0
eval key_below
plot for [i=1:label_n] $time index i-1 using 1:2 with linespoints linestyle i title label[i]

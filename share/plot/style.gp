# style.gp - how every figure of eae-plot looks: sizes, fonts, colours, lines. Copy and change it:
# EAE_SHARE=DIR takes the templates of DIR/plot.
#
# eae-plot sets before: format (svg png pdf term), width and height (inches, or characters of a
# terminal), points_of_text (0: by the width), figure_title, x_title, y_title, figure_note, and what the kind of figure needs.
set encoding utf8
set minussign
set datafile separator "\t"
set datafile missing NaN
set samples 200

# ---- output. Text is not "enhanced": names are shown as they are, whatever is in them. ----------
term = format eq 'term'
if (points_of_text == 0) { points_of_text = width >= 8 ? 16 : 8 }     # a slide, or a column of a paper
line = points_of_text * (format eq 'svg' ? 1.7 : 1.25) / 72.           # height of a line of text in inches
small = format eq 'svg' ? ',9.6' : sprintf(',%g', points_of_text * 0.8) # a smaller font
dpi = 300.
heavy = points_of_text / 8.               # lines and marks grow with the text
grow = format eq 'svg' ? heavy : 1        # SVG has no scale of its own for marks
if (format eq 'svg') {
    set terminal svg size width*96,height*96 noenhanced dashed font 'Helvetica,Arial,sans-serif' \
        fontscale points_of_text/9. background '#ffffff' linewidth heavy
}
if (format eq 'png') {
    set terminal pngcairo size int(width*dpi),int(height*dpi) noenhanced font sprintf('Sans,%g', points_of_text) \
        fontscale dpi/96 linewidth heavy*dpi/96 pointscale heavy*dpi/96 background '#ffffff'
}
if (format eq 'pdf') {
    set terminal pdfcairo size width,height noenhanced font sprintf('Sans,%g', points_of_text) \
        fontscale 0.72 linewidth heavy*1.4 pointscale heavy*0.75 background '#ffffff'
}
if (term) { set terminal dumb size int(width),int(height) noenhanced }

# ---- colours: Okabe and Ito's eight, which all kinds of sight tell apart; the order alternates ---
# dark and light, so that neighbours differ in a grey print too. Lines and marks differ as well.
array colour[8] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#e69f00', '#56b4e9', '#7f7f7f']
array mark[8] = [7, 9, 5, 13, 11, 15, 2, 3]
ink = '#222222'
grey = '#8c8c8c'
pale = '#d9d9d9'
line(i) = sprintf('set style line %d linecolor rgb "%s" linewidth 1.5 pointtype %d pointsize %g dashtype ', i, colour[i], mark[i], 0.5*grow)
do for [i=1:8:4] {
    eval line(i) . '1'
    eval line(i+1) . '(12,4)'
    eval line(i+2) . '(3,3)'
    eval line(i+3) . '(14,4,3,4)'
}
set style fill solid 1.0 noborder

# ---- frame: two axes, no box, no grid but where a kind asks for it ------------------------------
set border 3 linecolor rgb ink linewidth 0.8
set tics nomirror out scale 0.5 textcolor rgb ink
# gnuplot does not know how wide the letters of an SVG will be, and takes too much: less for a key
key_width(characters) = format eq 'svg' ? -0.31 * characters : 0
# a margin that has room for names of so many characters
name_margin(characters) = (characters * 0.0092 * points_of_text + 0.18) / width
set key noopaque samplen 3 spacing 1.05 textcolor rgb ink
set xlabel offset 0, 0.3 textcolor rgb ink
set ylabel textcolor rgb ink
# the texts of tics are formats: a per cent sign in a name stands for itself when it is doubled
tic_text(s) = strstrt(s, '%') == 0 ? s : s[1:strstrt(s, '%')] . '%' . tic_text(s[strstrt(s, '%') + 1:*])

# titles of the axes, which a user may have given
xname(own) = x_title ne '' ? x_title : own
yname(own) = y_title ne '' ? y_title : own
y_name = ''
if (term) { set_y = "set label 999 y_name at screen 0.01, screen 0.99 left offset 0, (figure_title ne '' ? -1 : 0); " \
    . "set tmargin (figure_title ne '' ? 3 : 2)" }
else { set_y = "set ylabel y_name" }
# a key below the figure, one line for each of label[1..label_n]
key_below = "set key below vertical maxcols 1 Left reverse"
if (!term) { key_below = "set bmargin at screen (label_n * 1.06 + 3.6 + (figure_note ne '' ? 1 : 0)) * line / height; " \
    . "set key at screen 0.55, screen (0.3 + (figure_note ne '' ? 1 : 0)) * line / height " \
    . "center bottom vertical maxcols 1 Left reverse width key_width(label_width)" }
if (figure_title ne '') { set title figure_title textcolor rgb ink }
if (term) {
    set border 3
    set tics scale 0.5
    set xlabel offset 0, 0
}
# the note stands at the lower left of the picture
if (figure_note ne '') {
    if (term) { set label 1000 figure_note at screen 0.01, screen 0 left }
    else {
        set label 1000 figure_note at screen 0.02, screen 0.5 * line / height left font small textcolor rgb grey
        set bmargin at screen 4.6 * line / height
    }
}

/*
 * distribution.c - see distribution.h.
 *
 * Contents: gamma functions; Loader's saddle-point terms, which give the leading factor of the
 * incomplete beta and gamma functions without cancellation; those two functions by continued
 * fraction and series; the normal, t, F and chi-square distributions made from them; and the
 * hypergeometric distribution.
 *
 * [AS]     Abramowitz and Stegun, Handbook of Mathematical Functions, 1964
 * [DLMF]   NIST Digital Library of Mathematical Functions, dlmf.nist.gov
 * [DM]     DiDonato and Morris, Algorithm 708, ACM Trans. Math. Software 18 (1992) 360
 * [Hill]   Hill, Algorithm 395: Student's t-distribution, Comm. ACM 13 (1970) 617
 * [Lentz]  Lentz, Applied Optics 15 (1976) 668, as modified by Thompson and Barnett (1986)
 * [Loader] Loader, Fast and accurate computation of binomial probabilities, 2000
 * [Smyth]  Smyth, Statistical Applications in Genetics and Molecular Biology 3 (2004) 3
 */
#include "model/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define SQRT_HALF 0.70710678118654752440
#define SQRT_2PI 2.50662827463100050242
#define LOG_SQRT_2PI 0.91893853320467274178
#define PI 3.14159265358979323846

enum { MAX_TERMS = 1000000 };

/* ---- gamma functions --------------------------------------------------------------------- */

double eae_log_gamma(double x)
{
    int sign; /* lgamma() would write the global signgam */
    return lgamma_r(x, &sign);
}

/* Sum of c[i] y^i, i = 0 .. n-1. */
static double polynomial(const double *c, int n, double y)
{
    double sum = 0;
    for (int i = n - 1; i >= 0; i--)
        sum = sum * y + c[i];
    return sum;
}

/* From here on the asymptotic series below are exact to rounding with the terms they have. */
#define ASYMPTOTIC 15.0

/* psi(x) ~ log x - 1/(2x) - sum B_2k / (2k x^2k)  [DLMF 5.11.2]; reflection 5.5.4. */
double eae_digamma(double x)
{
    static const double c[] = {1 / 12.0,  -1 / 120.0,     1 / 252.0, -1 / 240.0,
                               1 / 132.0, -691 / 32760.0, 1 / 12.0};
    if (isnan(x) || x == -INFINITY || (x <= 0 && x == floor(x)))
        return NAN;
    if (x < 0)
        return eae_digamma(1 - x) - PI / tan(PI * x);
    double down = 0;
    for (; x < ASYMPTOTIC; x += 1)
        down += 1 / x;
    double y = 1 / (x * x);
    return log(x) - 0.5 / x - y * polynomial(c, 7, y) - down;
}

/* psi'(x) ~ 1/x + 1/(2x^2) + sum B_2k / x^(2k+1)  [AS 6.4.12]; reflection 6.4.7. */
double eae_trigamma(double x)
{
    static const double c[] = {1 / 6.0,  -1 / 30.0,     1 / 42.0, -1 / 30.0,
                               5 / 66.0, -691 / 2730.0, 7 / 6.0};
    if (isnan(x) || x == -INFINITY)
        return NAN;
    if (x <= 0 && x == floor(x))
        return INFINITY;
    if (x < 0) {
        double s = PI / sin(PI * x);
        return s * s - eae_trigamma(1 - x);
    }
    double up = 0;
    for (; x < ASYMPTOTIC; x += 1)
        up += 1 / (x * x);
    double y = 1 / (x * x);
    return 1 / x + 0.5 * y + polynomial(c, 7, y) * y / x + up;
}

/* psi''(x), x > 0 ~ -1/x^2 - 1/x^3 - sum (2k+1) B_2k / x^(2k+2)  [AS 6.4.13]. */
static double tetragamma(double x)
{
    static const double c[] = {1 / 2.0, -1 / 6.0,     1 / 6.0, -3 / 10.0,
                               5 / 6.0, -691 / 210.0, 35 / 2.0};
    double down = 0;
    for (; x < ASYMPTOTIC; x += 1)
        down += 2 / (x * x * x);
    double y = 1 / (x * x);
    return -y - y / x - polynomial(c, 7, y) * y * y - down;
}

/* Newton's method for 1 / trigamma, which is nearly linear and convex, so that it converges from
 * below without a safeguard [Smyth, appendix]; the two ends as given there. */
double eae_trigamma_inverse(double y)
{
    if (isnan(y) || y < 0)
        return NAN;
    if (y > 1e7)
        return 1 / sqrt(y);
    if (y < 1e-6)
        return 1 / y;
    double x = 0.5 + 1 / y;
    for (int i = 0; i < 50; i++) {
        double tri = eae_trigamma(x);
        double step = tri * (1 - tri / y) / tetragamma(x);
        x += step;
        if (fabs(step) < 1e-11 * x)
            break;
    }
    return x;
}

/* ---- saddle-point terms ------------------------------------------------------------------- */

/* log Gamma(a + 1) - log(sqrt(2 pi a) (a / e)^a), a > 0: the error of Stirling's formula. */
static double stirling_error(double a)
{
    static const double c[] = {1 / 12.0,   -1 / 360.0,      1 / 1260.0, -1 / 1680.0,
                               1 / 1188.0, -691 / 360360.0, 1 / 156.0,  -3617 / 122400.0};
    if (a < ASYMPTOTIC)
        return eae_log_gamma(a + 1) - (a + 0.5) * log(a) + a - LOG_SQRT_2PI;
    return polynomial(c, 8, 1 / (a * a)) / a;
}

/* The deviance a log(a / m) + m - a; near m = a by its series in v = (a - m) / (a + m), because the
 * three terms cancel there [Loader, section 3]. */
static double deviance(double a, double m)
{
    if (m <= 0)
        return INFINITY;
    double d = a - m;
    if (fabs(d) >= 0.1 * (a + m))
        return a * log(a / m) - d;
    double v = d / (a + m), sum = d * v, term = 2 * a * v;
    for (int i = 3; i < 100; i += 2) {
        term *= v * v;
        double next = sum + term / i;
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* x^a y^b / B(a, b), y = 1 - x [Loader: a binomial probability of real arguments]. */
static double beta_factor(double x, double y, double a, double b)
{
    double n = a + b;
    double log_factor = stirling_error(n) - stirling_error(a) - stirling_error(b) -
                        deviance(a, n * x) - deviance(b, n * y);
    return exp(log_factor) * sqrt(a / n * b) / SQRT_2PI;
}

/* ---- incomplete beta ---------------------------------------------------------------------- */

/* x^a y^b / B(a, b) over I_x(a, b): the continued fraction of [DM, section 3], whose terms take y
 * as well as x and so do not cancel when x is near 1; by Lentz's method. Fast for x < (a + 1) / (a
 * + b + 2). */
static double beta_fraction(double x, double y, double a, double b)
{
    double lambda = a * y - b * x + 1; /* > 0 */
    double h = a * lambda / (a + 1), c = h, d = 0;
    for (int m = 1; m < MAX_TERMS; m++) {
        double odd = a + 2.0 * m - 1, cross = m * (b - m) * x / odd;
        double numerator = cross * ((a + m - 1) / odd) * (a + b + m - 1) * x;
        double denominator = m + cross + (a + m) / (odd + 2) * (lambda + m * (1 + y));
        d = denominator + numerator * d;
        c = denominator + numerator / c;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        double delta = d * c;
        h *= delta;
        if (fabs(delta - 1) < DBL_EPSILON)
            break;
    }
    return h;
}

/* I_x(a, b) with y = 1 - x given beside x, so that neither end loses digits. */
static double beta_both(double x, double y, double a, double b)
{
    if (isnan(x) || isnan(y) || !(a > 0) || !(b > 0))
        return NAN;
    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    double factor = beta_factor(x, y, a, b);
    if (x <= (a + 1) / (a + b + 2))
        return factor / beta_fraction(x, y, a, b);
    return 1 - factor / beta_fraction(y, x, b, a);
}

double eae_beta_lower(double x, double a, double b)
{
    return beta_both(x, 1 - x, a, b);
}

/* ---- normal ------------------------------------------------------------------------------- */

double eae_normal_cdf(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

double eae_normal_two_sided(double z)
{
    return erfc(fabs(z) * SQRT_HALF);
}

/* Start within 4.5e-4 [AS 26.2.23], then two of Halley's (cubic) steps. In the middle the equation
 * is erf = 2p - 1, in the tail the lower tail itself: each keeps its relative accuracy there. */
double eae_normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1)
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p > 0.5) /* 1 - p is exact */
        return -eae_normal_quantile(1 - p);
    double s = sqrt(-2 * log(p));
    double z = (2.515517 + s * (0.802853 + s * 0.010328)) /
                   (1 + s * (1.432788 + s * (0.189269 + s * 0.001308))) -
               s;
    for (int i = 0; i < 2; i++) {
        double error = p > 0.25 ? 0.5 * erf(z * SQRT_HALF) - (p - 0.5) : eae_normal_cdf(z) - p;
        double r = error * SQRT_2PI * exp(0.5 * z * z);
        z -= r / (1 + 0.5 * z * r);
    }
    return z;
}

/* ---- t ------------------------------------------------------------------------------------ */

/* Above this many degrees of freedom Hill's expansion about the normal is exact to rounding. */
#define HILL_DF 1e5

/* The normal deviate with the same tail as t [Hill, equations for z and its corrections]. */
static double hill_deviate(double t, double df)
{
    double a = df - 0.5, b = 48 * a * a;
    double ratio = t / df * t;
    double z2 = a * log1p(ratio), z = sqrt(z2);
    double second = (((4 * z2 + 33) * z2 + 240) * z2 + 855) / (10 * b * (b + 0.8 * z2 * z2 + 100));
    return z * (1 + (z2 + 3) / b - second);
}

/* P(|T| >= |t|) = I_x(df/2, 1/2), x = df / (df + t^2) [DLMF 8.17, AS 26.7.1]. */
double eae_t_two_sided(double t, double df)
{
    if (isnan(t) || isnan(df) || df <= 0)
        return NAN;
    t = fabs(t);
    if (isinf(df))
        return eae_normal_two_sided(t);
    if (isinf(t))
        return 0;
    if (df > HILL_DF)
        return eae_normal_two_sided(hill_deviate(t, df));
    if (t > 1e150) /* t^2 overflows: the leading term of the tail */
        return exp(df * (0.5 * log(df) - log(t)) - log(0.5 * df) - eae_log_gamma(0.5 * df) -
                   eae_log_gamma(0.5) + eae_log_gamma(0.5 * (df + 1)));
    double sum = df + t * t;
    return beta_both(df / sum, t * t / sum, 0.5 * df, 0.5);
}

/* Newton's method for log P against log t. The tail is concave and decreasing there, the central
 * part concave and increasing, so that from the normal quantile (never beyond |t|) it converges
 * without a safeguard: at once or monotonically after the first step. slope is |d log P / d log t|,
 * which tends to df far out. */
double eae_t_quantile(double p, double df)
{
    if (isnan(p) || p < 0 || p > 1 || isnan(df) || df <= 0)
        return NAN;
    if (p == 0.5)
        return 0;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p > 0.5)
        return -eae_t_quantile(1 - p, df);
    double t = -eae_normal_quantile(p);
    if (isinf(df))
        return -t;
    bool middle = p > 0.25;
    double target = middle ? 2 * (0.5 - p) : 2 * p;
    for (int i = 0; i < 100; i++) {
        double sum = df + t * t, x = df / sum, y = t * t / sum;
        double now = middle ? beta_both(y, x, 0.5, 0.5 * df) : eae_t_two_sided(t, df);
        if (now == 0) /* beyond the range of numbers */
            return -INFINITY;
        double slope = t > 1e150 ? df : 2 * beta_factor(x, y, 0.5 * df, 0.5) / now;
        double step = log(now / target) / slope;
        t *= exp(middle ? -step : step);
        if (!(fabs(step) > 4 * DBL_EPSILON))
            break;
    }
    return -t;
}

/* ---- F and chi-square --------------------------------------------------------------------- */

/* P(F >= f) = I_x(df2/2, df1/2), x = df2 / (df2 + df1 f) [AS 26.6.2]. */
double eae_f_upper(double f, double df1, double df2)
{
    if (isnan(f) || isnan(df1) || isnan(df2) || df1 <= 0 || df2 <= 0)
        return NAN;
    if (f <= 0)
        return 1;
    if (isinf(df2))
        return eae_chisq_upper(df1 * f, df1);
    if (isinf(f))
        return 0;
    if (df1 == 1)
        return eae_t_two_sided(sqrt(f), df2);
    double u = df1 * f;
    if (isinf(u))
        return 0;
    double x = df2 / (df2 + u), y = u / (df2 + u);
    return beta_both(x, y, 0.5 * df2, 0.5 * df1);
}

/* x^a e^-x / Gamma(a) [Loader: a Poisson probability of real argument]. */
static double gamma_factor(double x, double a)
{
    return exp(-stirling_error(a) - deviance(a, x)) * sqrt(a) / SQRT_2PI;
}

/* Lower part by its series [DLMF 8.11.4]. */
static double gamma_series(double x, double a)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < MAX_TERMS && term > sum * (DBL_EPSILON / 4); i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum;
}

/* Upper part by its continued fraction [DLMF 8.9.2, even part], Lentz's method. */
static double gamma_fraction(double x, double a)
{
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;
    for (int i = 1; i < MAX_TERMS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        c = b + an / c;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        double delta = d * c;
        h *= delta;
        if (fabs(delta - 1) < DBL_EPSILON)
            break;
    }
    return h;
}

double eae_chisq_upper(double x, double df)
{
    if (isnan(x) || isnan(df) || df <= 0)
        return NAN;
    if (x <= 0)
        return 1;
    if (isinf(x))
        return 0;
    if (df == 1)
        return erfc(sqrt(0.5 * x));
    double a = 0.5 * df, u = 0.5 * x;
    double factor = gamma_factor(u, a);
    return u < a + 1 ? 1 - factor * gamma_series(u, a) : factor * gamma_fraction(u, a);
}

/* ---- hypergeometric ----------------------------------------------------------------------- */

/* The ratios of neighbouring probabilities are quotients of whole numbers, so that from the mode
 * outwards each weight has two more roundings than the one before; their sum makes them
 * probabilities. No factorial is needed, whose logarithms would have large errors, and nothing is
 * subtracted. Below the mode the weights soon do not matter to the sum. */
void eae_hypergeometric_tails(int64_t universe, int64_t set, int64_t list, double *tail)
{
    double big = (double)universe, marked = (double)set, drawn = (double)list;
    double rest = big - marked - drawn;
    int64_t high = set < list ? set : list, low = rest < 0 ? (int64_t)-rest : 0;
    int64_t mode = (int64_t)((marked + 1) * (drawn + 1) / (big + 2));
    mode = mode < low ? low : mode > high ? high : mode;
    tail[mode] = 1;
    for (int64_t k = mode; k < high; k++) {
        double x = (double)k;
        tail[k + 1] = tail[k] * ((marked - x) * (drawn - x) / ((x + 1) * (rest + x + 1)));
    }
    for (int64_t k = mode; k > 0; k--) {
        double x = (double)k;
        bool matters = k > low && tail[k] > 1e-40;
        tail[k - 1] =
            matters ? tail[k] * (x * (rest + x) / ((marked - x + 1) * (drawn - x + 1))) : 0;
    }
    for (int64_t k = high - 1; k >= 0; k--)
        tail[k] += tail[k + 1];
    double total = tail[low];
    for (int64_t k = 0; k <= high; k++)
        tail[k] = k <= low ? 1 : fmin(tail[k] / total, 1);
}

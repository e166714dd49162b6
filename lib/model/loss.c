/* loss.c - see loss.h. */
#include "model/loss.h"

#include <math.h>

double eae_loss_value(eae_loss kind, double y, double f)
{
    double m = y * f, d = y - f;
    switch (kind) {
    case EAE_LOSS_HINGE:
        return m < 1 ? 1 - m : 0;
    case EAE_LOSS_SQUARED_HINGE:
        return m < 1 ? (1 - m) * (1 - m) : 0;
    case EAE_LOSS_LOGISTIC:
        return m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m;
    case EAE_LOSS_SQUARED:
        return d * d / 2;
    }
    return 0;
}

double eae_loss_slope(eae_loss kind, double y, double f)
{
    double m = y * f;
    switch (kind) {
    case EAE_LOSS_HINGE:
        return m < 1 ? -y : 0;
    case EAE_LOSS_SQUARED_HINGE:
        return m < 1 ? -2 * y * (1 - m) : 0;
    case EAE_LOSS_LOGISTIC:
        return -y / (1 + exp(m));
    case EAE_LOSS_SQUARED:
        return f - y;
    }
    return 0;
}

double eae_loss_curvature(eae_loss kind, double y, double f)
{
    double e;
    switch (kind) {
    case EAE_LOSS_HINGE:
        return 0;
    case EAE_LOSS_SQUARED_HINGE:
        return y * f < 1 ? 2 : 0;
    case EAE_LOSS_LOGISTIC:
        e = exp(-fabs(f));
        return e / ((1 + e) * (1 + e));
    case EAE_LOSS_SQUARED:
        return 1;
    }
    return 0;
}

static double entropy(double a, double c)
{
    double rest = c - a;
    return -(a > 0 ? a * log(a / c) : 0) - (rest > 0 ? rest * log(rest / c) : 0);
}

double eae_loss_dual(eae_loss kind, double y, double c, double beta)
{
    double a = y * beta;
    switch (kind) {
    case EAE_LOSS_HINGE:
        return a;
    case EAE_LOSS_SQUARED_HINGE:
        return a - a * a / (4 * c);
    case EAE_LOSS_LOGISTIC:
        return entropy(a, c);
    case EAE_LOSS_SQUARED:
        return y * beta - beta * beta / (2 * c);
    }
    return 0;
}

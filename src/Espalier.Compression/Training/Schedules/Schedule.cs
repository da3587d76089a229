namespace Espalier.Compression.Training.Schedules;

/// <summary>Which course the learning rate takes after its warm-up.</summary>
public enum ScheduleKind
{
    /// <summary><see cref="CosineSchedule"/>.</summary>
    Cosine,

    /// <summary><see cref="LinearSchedule"/>.</summary>
    Linear,

    /// <summary>Warm-up, stable, decay: <see cref="StableDecaySchedule"/>.</summary>
    Wsd,

    /// <summary><see cref="ConstantSchedule"/>.</summary>
    Constant,
}

/// <summary>
/// Learning rates: a linear warm-up, then what the sibling does. Step s, counted from 0, of S steps with W warm-up steps has peak (s + 1) /
/// W below W, or peak s / W where the warm-up starts from zero.
/// </summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="FromZero">Whether step 0 has rate zero (Megatron and transformers) instead of peak / W.</param>
internal abstract record Schedule(double Peak, int WarmUp, long Steps, bool FromZero)
{
    /// <summary>The learning rate of a step.</summary>
    public double At(long step) => step < WarmUp ? Peak * (step + (FromZero ? 0 : 1)) / WarmUp : AfterWarmUp(step);

    /// <summary>The learning rate of a step from W on.</summary>
    protected abstract double AfterWarmUp(long step);
}

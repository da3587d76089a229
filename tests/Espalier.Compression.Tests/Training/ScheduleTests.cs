using Espalier.Compression.Training;
using Espalier.Compression.Training.Schedules;

namespace Espalier.Compression.Tests.Training;

public sealed class ScheduleTests
{
    private static double[] Rates(ScheduleKind kind, long? decay = null) =>
        [.. Enumerable.Range(0, 11)
            .Select(step =>
                Math.Round(
                    new TrainingOptions { Steps = 10, LearningRate = 1, MinLearningRate = 0.2, WarmUp = 2, Schedule = kind,
                        DecaySteps = decay }.Validate().LearningRates.At(step), 12))];

    [Fact]
    public void Linear_is_a_straight_line_from_the_peak_to_the_end() =>
        Assert.Equal([0.5, 1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], Rates(ScheduleKind.Linear));

    [Fact]
    public void Wsd_keeps_the_peak_until_the_decay_begins() =>
        Assert.Equal([0.5, 1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2], Rates(ScheduleKind.Wsd, 4));

    [Fact]
    public void Wsd_decays_in_the_last_tenth_where_nothing_is_said() =>
        Assert.Equal([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.2], Rates(ScheduleKind.Wsd));

    [Fact]
    public void Wsd_decays_after_the_warm_up_where_that_leaves_less_than_a_tenth() =>
        Assert.Equal((5L, 1L, 10L), (StableDecaySchedule.DecayOf(100, 95), StableDecaySchedule.DecayOf(100, 100),
            StableDecaySchedule.DecayOf(100, 10)));

    [Fact]
    public void Constant_stays_at_the_peak() =>
        Assert.Equal([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], Rates(ScheduleKind.Constant));

    [Fact]
    public void Cosine_is_at_the_middle_half_way() =>
        Assert.Equal([0.5, 1, 1, 0.6, 0.2], Rates(ScheduleKind.Cosine) is var rates ? [rates[0], rates[1], rates[2], rates[6], rates[10]]
            : []);

    [Theory]
    [InlineData(ScheduleKind.Cosine, 3, "applies only to the schedule wsd")]
    [InlineData(ScheduleKind.Wsd, 0, "decay-steps is 0; it must be from 1 to the 8 steps after the warm-up")]
    [InlineData(ScheduleKind.Wsd, 9, "decay-steps is 9; it must be from 1 to the 8 steps after the warm-up")]
    public void A_decay_that_cannot_be_is_refused(ScheduleKind kind, long decay, string message) =>
        Assert.Contains(message, Assert.Throws<EspalierException>(() => Rates(kind, decay)).Message);
}

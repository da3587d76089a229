using Espalier.Compression.Training;

namespace Espalier.Compression.Tests.Training;

public sealed class EarlyStoppingTests
{
    [Fact]
    public void It_is_over_after_so_many_evaluations_without_a_new_best()
    {
        var stopping = new EarlyStopping(2);
        Assert.True(stopping.Observe(10, 3.0));
        Assert.False(stopping.Observe(20, 3.1));
        Assert.True(stopping.Observe(30, 2.9));
        Assert.False(stopping.Observe(40, 2.9));
        Assert.False(stopping.IsOver);
        Assert.False(stopping.Observe(50, double.NaN));
        Assert.True(stopping.IsOver);
        Assert.Equal(30, stopping.BestStep);
    }

    [Fact]
    public void Without_a_finite_loss_there_is_no_best()
    {
        var stopping = new EarlyStopping(1);
        stopping.Observe(1, double.NaN);
        Assert.True(stopping.IsOver);
        Assert.Null(stopping.BestStep);
    }
}

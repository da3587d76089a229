using Espalier.Cli.Progress;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Tests.Progress;

public sealed class BarProgressTests : IDisposable
{
    private readonly StringWriter _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public void The_last_picture_shows_the_whole_bar_and_the_detail()
    {
        using (var progress = new BarProgress(Spectres.Console(_output, colors: false)))
        using (var task = progress.Begin("distil [all]", 3, "steps"))
            for (var step = 0; step < 3; step++)
                task.Advance(1, "loss 2.5");
        Assert.Contains("distil [all]", _output.ToString());
        Assert.Contains("100 %", _output.ToString());
        Assert.Contains("3/3 steps", _output.ToString());
    }

    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public void A_bar_with_much_to_say_keeps_to_one_line(int width)
    {
        var console = Spectres.Console(_output, colors: false);
        console.Profile.Width = width;
        using (var progress = new BarProgress(console))
        {
            progress.Stage(6, 8, "distill");
            using var task = progress.Begin("distill", 200, "steps");
            for (var step = 0; step < 200; step++)
                task.Advance(1, "loss 1.724, 7971 tokens/s");
        }
        var last = _output.ToString().Split('\n', '\r').Last(line => line.Contains("200/200 steps"));
        Assert.Contains("6/8 distill", last);
        Assert.Contains("100 %", last);
        Assert.True(last.TrimEnd().Length <= width, last);
    }

    [Fact]
    public void Displays_follow_each_other_and_tasks_nest()
    {
        using var progress = new BarProgress(Spectres.Console(_output, colors: false));
        using (var outer = progress.Begin("first", 2, "stages"))
        using (var inner = progress.Begin("within", 0, "tokens"))
            inner.Advance(5);
        using (progress.Begin("second", 1, "steps"))
            progress.Note("between [brackets]");
        Assert.Contains("second", _output.ToString());
        Assert.Contains("between [brackets]", _output.ToString());
    }

    [Fact]
    public void A_task_left_open_by_an_error_ends_with_the_reporter_and_the_cursor_comes_back()
    {
        var progress = new BarProgress(Spectres.Console(_output, colors: false));
        var task = progress.Begin("distil", 10, "steps");
        progress.Dispose();
        task.Dispose();
        Assert.EndsWith("\u001b[?25h", _output.ToString().TrimEnd());
    }
}

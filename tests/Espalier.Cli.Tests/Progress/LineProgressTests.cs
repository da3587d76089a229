using Espalier.Cli.Progress;

namespace Espalier.Cli.Tests.Progress;

public sealed class LineProgressTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly StringWriter _output = new();

    public void Dispose() => _output.Dispose();

    private string[] Lines => _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Each_tenth_is_one_line_with_rate_and_remaining_time()
    {
        using (var progress = new LineProgress(_output, _time))
        using (var task = progress.Begin("distil", 100, "steps"))
            for (var step = 0; step < 100; step++)
            {
                _time.Pass(0.5);
                task.Advance(1, "loss 2.5");
            }
        Assert.Equal("distil: 10 %, 10/100 steps, 2 steps/s, 45 s left, loss 2.5", Lines[0]);
        Assert.Equal("distil: 100/100 steps in 50 s, 2 steps/s, loss 2.5", Lines[^1]);
        Assert.Equal(10, Lines.Length);
    }

    [Fact]
    public void Slow_work_speaks_every_ten_seconds()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("score", 1000, "documents");
        for (var document = 0; document < 30; document++)
        {
            _time.Pass(1);
            task.Advance(1);
        }
        Assert.Equal(3, Lines.Length);
        Assert.Equal("score: 1 %, 10/1000 documents, 1 document/s, 16 min 30 s left", Lines[0]);
    }

    [Fact]
    public void Fast_work_says_nothing()
    {
        using (var progress = new LineProgress(_output, _time))
        using (var task = progress.Begin("read", 1000, "files"))
            for (var file = 0; file < 1000; file++)
            {
                _time.Pass(0.0005);
                task.Advance(1);
            }
        Assert.Empty(Lines);
    }

    [Fact]
    public void Tenths_that_follow_at_once_share_a_line()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("read", 10, "files");
        for (var file = 0; file < 9; file++)
        {
            _time.Pass(0.3);
            task.Advance(1);
        }
        Assert.Equal(2, Lines.Length);
    }

    [Fact]
    public void An_unknown_total_has_no_share_and_no_remaining_time()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("tokenize", 0, "tokens");
        _time.Pass(10);
        task.Advance(500);
        Assert.Equal("tokenize: 500 tokens, 50 tokens/s", Lines.Single());
    }

    [Fact]
    public void A_resumed_task_counts_only_new_units_for_its_rate()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("distil", 100, "steps");
        task.Report(80);
        _time.Pass(10);
        task.Report(90);
        Assert.Equal("distil: 90 %, 90/100 steps, 1 step/s, 10 s left", Lines.Single());
    }

    [Fact]
    public void The_rate_is_that_of_the_units_and_not_of_what_follows_the_last_of_them()
    {
        using (var progress = new LineProgress(_output, _time))
        using (var task = progress.Begin("distil", 20, "steps"))
        {
            task.Report(0);
            _time.Pass(20);
            task.Report(10);
            _time.Pass(20);
            task.Report(20, "loss 2.5");
            // The last evaluation.
            _time.Pass(60);
        }
        Assert.Equal("distil: 50 %, 10/20 steps, 2 s/step, 20 s left", Lines[0]);
        Assert.Equal("distil: 20/20 steps in 1 min 40 s, 2 s/step, loss 2.5", Lines[^1]);
    }

    [Fact]
    public void Slow_units_are_timed_instead_of_counted()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("score", 10, "layers");
        _time.Pass(20);
        task.Advance(1);
        Assert.Equal("score: 10 %, 1/10 layers, 20 s/layer, 3 min 0 s left", Lines.Single());
    }

    [Fact]
    public void Bytes_are_scaled()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("export", 4L << 30, "bytes");
        _time.Pass(8);
        task.Advance(1L << 30);
        Assert.Equal("export: 25 %, 1 GiB/4 GiB, 128 MiB/s, 24 s left", Lines.Single());
    }

    [Fact]
    public void What_remains_is_not_guessed_by_the_first_seconds()
    {
        using var progress = new LineProgress(_output, _time);
        using var task = progress.Begin("distil", 10, "steps");
        // The first step allocates and compiles.
        _time.Pass(4);
        task.Advance(1);
        _time.Pass(1);
        task.Advance(1);
        Assert.Equal(["distil: 10 %, 1/10 steps, 4 s/step", "distil: 20 %, 2/10 steps, 2.50 s/step, 20 s left"], Lines);
    }

    [Fact]
    public void Ending_twice_says_so_once()
    {
        using var progress = new LineProgress(_output, _time);
        var task = progress.Begin("distil", 1, "steps");
        _time.Pass(5);
        task.Advance(1);
        task.Dispose();
        task.Dispose();
        Assert.Single(Lines);
    }
}

using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Serving;
using Espalier.Tests;

namespace Espalier.Models.Tests.Serving;

/// <summary>Requests that were asked for together: turns with others, and the end of the server in the middle of them.</summary>
public sealed class ServedGroupTests : TorchTest
{
    [Fact]
    public void Many_answers_to_one_do_not_hold_up_another()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed, new() { Batch = 2, Context = 96, Queue = 100 });
        var (begun, group) = (new List<string>(), new ServedGroup());
        // While the first is written, all of the many wait and the other one comes.
        var other = new Ordered("other", begun);
        var many = Enumerable.Range(0, 8).Select(i => new Ordered("many", begun)).ToArray();
        var first = new Ordered("many", begun, () =>
        {
            foreach (var one in many)
                Assert.True(engine.TrySubmit(Request(group), one));
            Assert.True(engine.TrySubmit(Request(null), other));
        });
        Assert.True(engine.TrySubmit(Request(group), first));
        foreach (var one in (Ordered[])[first, other, .. many])
            Assert.Equal(ServedEnd.Length, one.End);
        Assert.Equal(["many", "other"], begun.Take(2));
        Assert.Equal(10, begun.Count);
    }

    [Fact]
    public async Task Where_the_server_ends_what_has_begun_is_written_to_its_end_with_all_that_belongs_to_it()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed, new() { Batch = 1, Context = 96, Queue = 100 });
        var (begun, group) = (new List<string>(), new ServedGroup());
        var (many, other) = (Enumerable.Range(0, 4).Select(i => new Ordered("many", begun)).ToArray(), new Ordered("other", begun));
        var stopping = new TaskCompletionSource<Task>();
        var first = new Ordered("many", begun, () =>
        {
            foreach (var one in many)
                Assert.True(engine.TrySubmit(Request(group), one));
            Assert.True(engine.TrySubmit(Request(null), other));
            stopping.SetResult(engine.StopAsync(TimeSpan.FromMinutes(5)));
        });
        Assert.True(engine.TrySubmit(Request(group), first));
        await (await stopping.Task.WaitAsync(TimeSpan.FromMinutes(5))).WaitAsync(TimeSpan.FromMinutes(5));
        Assert.All((Ordered[])[first, .. many], static one => Assert.Equal(ServedEnd.Length, one.End));
        Assert.Equal(ServedEnd.ShutDown, other.End);
        Assert.False(engine.TrySubmit(Request(null), new Ordered("late", begun)));
        Assert.DoesNotContain("other", begun);
    }

    private static ServedRequest Request(ServedGroup? group) => new() { Prompt = [1, 5, 9], MaxTokens = 20, Group = group };

    // Says when it was begun, and does something at its first id, on the engine's thread.
    private sealed class Ordered(string name, List<string> begun, Action? first = null) : IServedReceiver
    {
        private readonly TaskCompletionSource<ServedEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Action? _first = first;

        public ServedEnd End => _end.Task.WaitAsync(TimeSpan.FromMinutes(5)).GetAwaiter().GetResult();

        public void Begin(int reused) => begun.Add(name);

        public bool Accept(ServedToken token)
        {
            _first?.Invoke();
            _first = null;
            return true;
        }

        void IServedReceiver.End(ServedEnd end, Exception? failure) => _end.SetResult(end);
    }
}

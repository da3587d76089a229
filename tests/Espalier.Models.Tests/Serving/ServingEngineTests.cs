using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Serving;
using Espalier.Tests;

namespace Espalier.Models.Tests.Serving;

/// <summary>Many requests that come and go against each of them alone.</summary>
public sealed class ServingEngineTests : TorchTest
{
    private const int Context = 96;

    public static TheoryData<string, int, int, int> Mixes()
    {
        var mixes = new TheoryData<string, int, int, int>();
        foreach (var folder in Directory.GetDirectories(Fixtures.Golden("families")).Order())
            mixes.Add(Path.GetFileName(folder), 1, 4, 24);
        // Rooms for six, for three and for barely one context; prompts taken in by pieces of 64, 5 and 1.
        foreach (var (seed, blocks, rows) in ((int, int, int)[])[(2, 36, 64), (3, 18, 5), (4, 7, 1), (5, 6, 17), (6, 9, 64)])
        {
            mixes.Add("llama-3.1", seed, blocks, rows);
            mixes.Add("nemotron-h", seed, blocks, rows);
            mixes.Add("qwen3-5", seed, blocks, rows);
        }
        return mixes;
    }

    /// <summary>
    /// The reference goes position by position through one sequence's keys and values in one piece: the engine's blocks, shared beginnings,
    /// pieces of prompts and sequences that are put back change no bit, so that sampled ids are the same, too.
    /// </summary>
    [Theory]
    [MemberData(nameof(Mixes))]
    public void A_request_gets_what_it_gets_alone(string family, int seed, int blocks, int promptRows)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        blocks = Math.Max(blocks, Context / ServingOptions.BlockSize);
        using var engine = new ServingEngine(packed, new()
        {
            Batch = 5,
            Context = Context,
            PromptRows = promptRows,
            Queue = 1000,
            KeyValueBytes = blocks * ServingEngine.BytesOfBlock(packed.Config),
        });
        var random = new Random(seed);
        var beginnings = Enumerable.Range(0, 3).Select(_ => Ids(random, 40)).ToArray();
        var requests = Enumerable.Range(0, 60).Select(i => new ServedRequest
        {
            Prompt = [.. beginnings[random.Next(3)].Take(random.Next(0, 41)), .. Ids(random, random.Next(1, 30))],
            MaxTokens = random.Next(0, 40),
            Options = i % 3 == 0 ? new()
                : new() { Temperature = 1.3, Seed = i, TopP = i % 3 == 1 ? 1 : 0.9, RepetitionPenalty = 1.1, FrequencyPenalty = 0.2 },
            StopIds = i % 2 == 0 ? new HashSet<int> { 11, 30 } : null,
        }).ToArray();
        var received = requests.Select(_ => new Collected()).ToArray();
        for (var i = 0; i < requests.Length; i++)
        {
            Assert.True(engine.TrySubmit(requests[i], received[i]));
            if (i % 9 == 8)
                _ = received[random.Next(i)].End;
        }
        for (var i = 0; i < requests.Length; i++)
        {
            var end = received[i].End;
            var alone = Alone(packed, requests[i]);
            Assert.Equal(alone, received[i].Ids);
            Assert.Equal(alone.Length > 0 && requests[i].StopIds?.Contains(alone[^1]) == true ? ServedEnd.StopId : ServedEnd.Length, end);
        }
        AllFree(engine);
        var counts = engine.Counts;
        Assert.Equal(received.Sum(one => one.Tokens.Count), counts.GeneratedTokens);
        if (packed.Config.IsRecurrent)
            Assert.Equal(0, counts.ReusedTokens);
        else
            Assert.True(counts.ReusedTokens > 0, "no beginning was shared");
        if (blocks < 10)
            Assert.True(counts.PutBack > 0, "none was put back");
    }

    /// <summary>The bundled teacher on text, long prompts too, which <see cref="Generator"/> takes in by large products.</summary>
    [Fact]
    public void The_bundled_teacher_writes_what_generate_writes()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.BFloat16);
        var bytes = File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
        using var engine = new ServingEngine(packed, new() { Batch = 8, KeyValueBytes = 100 * ServingEngine.BytesOfBlock(packed.Config) });
        var requests = Enumerable.Range(0, 24).Select(i => new ServedRequest
        {
            Prompt = [4080, .. Enumerable.Range(0, 5 * i).Select(at => BitConverter.ToInt32(bytes, 4 * (101 * i + at)))],
            MaxTokens = 32,
            Options = i % 2 == 0 ? new() : new() { Temperature = 0.8, TopP = 0.95, Seed = i },
        }).ToArray();
        var received = requests.Select(_ => new Collected()).ToArray();
        Assert.All(requests.Zip(received), pair => Assert.True(engine.TrySubmit(pair.First, pair.Second)));
        foreach (var (request, one) in requests.Zip(received))
        {
            Assert.Equal(ServedEnd.Length, one.End);
            Assert.Equal(Generator.Continue(packed, request.Prompt, 32, request.Options), one.Ids);
        }
    }

    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("nemotron-h")]
    [InlineData("qwen3-5")]
    public void Who_leaves_frees_the_room_and_changes_nobody_elses_ids(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed, new() { Batch = 6, Context = Context, Queue = 1000 });
        var random = new Random(9);
        var all = Enumerable.Range(0, 90).Select(i =>
        {
            var leaving = i % 3 == 0 ? new CancellationTokenSource() : null;
            var request = new ServedRequest
            {
                Prompt = Ids(random, random.Next(1, 40)),
                MaxTokens = 30,
                Options = new() { Temperature = 1, Seed = i }
            };
            return (Request: request, Leaving: leaving,
                Received: new Collected(leaving: leaving, leavesAfter: leaving is null ? -1 : 1 + i % 7));
        }).ToArray();
        foreach (var (request, leaving, received) in all)
            Assert.True(engine.TrySubmit(request, received, leaving?.Token ?? default));
        // One leaves while it still waits.
        all[87].Leaving!.Cancel();
        foreach (var (request, leaving, received) in all)
        {
            Assert.Equal(leaving is null ? ServedEnd.Length : ServedEnd.Cancelled, received.End);
            Assert.Equal(Alone(packed, request).Take(leaving is null ? 30 : received.Tokens.Count), received.Ids);
            leaving?.Dispose();
        }
        Assert.Empty(all[87].Received.Tokens);
        AllFree(engine);
    }

    [Fact]
    public void A_full_queue_refuses_and_a_receiver_may_end_its_own()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed, new() { Batch = 1, Queue = 2, Context = Context });
        using var held = new ManualResetEventSlim();
        var first = new Collected(_ => { held.Wait(); return false; });
        Assert.True(engine.TrySubmit(new() { Prompt = [1], MaxTokens = 9 }, first));
        SpinWait.SpinUntil(() => first.Tokens.Count > 0);
        Collected[] waiting = [new(), new(), new(), new(), new()];
        var taken = waiting.Count(one => engine.TrySubmit(new() { Prompt = [1], MaxTokens = 2 }, one));
        Assert.InRange(taken, 2, 3);
        held.Set();
        Assert.Equal(ServedEnd.Receiver, first.End);
        Assert.All(waiting[..taken], one => Assert.Equal(ServedEnd.Length, one.End));
        Assert.Single(first.Tokens);
        Assert.Contains("no room for an answer", Assert.Throws<EspalierException>(() =>
            engine.TrySubmit(new() { Prompt = new int[Context], MaxTokens = 1 }, first)).Message);
    }

    [Fact]
    public async Task A_stop_lets_what_runs_end_and_cuts_it_after_the_grace_time()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using (var engine = new ServingEngine(packed, new() { Batch = 1, Context = Context }))
        {
            using var held = new ManualResetEventSlim();
            var (runs, waits) = (new Collected(_ => { held.Wait(); return true; }), new Collected());
            engine.TrySubmit(new() { Prompt = [1], MaxTokens = 60 }, runs);
            engine.TrySubmit(new() { Prompt = [1], MaxTokens = 60 }, waits);
            SpinWait.SpinUntil(() => runs.Tokens.Count > 0);
            var stop = engine.StopAsync(TimeSpan.FromMinutes(2));
            held.Set();
            await stop;
            Assert.Equal((ServedEnd.Length, ServedEnd.ShutDown), (runs.End, waits.End));
            Assert.False(engine.TrySubmit(new() { Prompt = [1], MaxTokens = 1 }, new Collected()));
        }
        using var cut = new ServingEngine(packed, new() { Batch = 1, Context = Context });
        var slow = new Collected(_ => { Thread.Sleep(50); return true; });
        cut.TrySubmit(new() { Prompt = [1], MaxTokens = 90 }, slow);
        SpinWait.SpinUntil(() => slow.Tokens.Count > 0);
        await cut.StopAsync(TimeSpan.Zero);
        Assert.Equal(ServedEnd.ShutDown, slow.End);
        Assert.InRange(slow.Tokens.Count, 1, 89);
    }

    [Fact]
    public async Task Whoever_comes_after_the_end_is_turned_away()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var engine = new ServingEngine(packed, new() { Batch = 1, Context = Context });
        engine.Dispose();
        Assert.False(engine.TrySubmit(new() { Prompt = [1], MaxTokens = 1 }, new Collected()));
        await engine.StopAsync(TimeSpan.Zero);
        engine.Dispose();
    }

    [Fact]
    public void One_requests_trouble_is_not_anothers()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed, new() { Batch = 2, Context = Context });
        var (good, bad) = (new Collected(), new Collected(_ => throw new EspalierException("no")));
        engine.TrySubmit(new() { Prompt = [1, 2], MaxTokens = 9, Likeliest = 3 }, good);
        engine.TrySubmit(new() { Prompt = [1, 2], MaxTokens = 9 }, bad);
        Assert.Equal((ServedEnd.Length, ServedEnd.Failed), (good.End, bad.End));
        Assert.Equal("no", bad.Failure!.Message);
        // Greedily the likeliest is what is chosen.
        Assert.All(good.Tokens, token => Assert.Equal(token.Probabilities!.Chosen, token.Probabilities.Likeliest[0]));
        Assert.All(good.Tokens, token => Assert.Equal(3, token.Probabilities!.Likeliest.Count));
        AllFree(engine);
    }

    private static void AllFree(ServingEngine engine) =>
        Assert.True(SpinWait.SpinUntil(() => engine.Counts is { BlocksUsed: 0, Running: 0, Waiting: 0 }, TimeSpan.FromMinutes(1)),
            engine.Counts.ToString());

    private static int[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(90))];

    private static int[] Alone(PackedWeights packed, ServedRequest request)
    {
        var made = new List<int>();
        var most = Math.Min(request.MaxTokens, Context - request.Prompt.Count);
        if (most == 0)
            return [];
        using var decoder = new RowDecoder(packed, 1, Context);
        var choice = new Choice(request.Options, request.Prompt);
        for (var t = 0; ; t++)
        {
            int[] ids = [.. request.Prompt, .. made];
            decoder.Take([0], [0], [t], [ids[t]], [0], [ids.Length]);
            if (t < ids.Length - 1)
                continue;
            made.Add(choice.Of(decoder.Logits(0)));
            if (made.Count == most || request.StopIds?.Contains(made[^1]) == true)
                return [.. made];
            if (decoder.IsToBegin(ids.Length + 1))
                t = -1;
        }
    }
}

using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Serving;

namespace Espalier.Benchmarks;

/// <summary>
/// Requests of a server: so many at the same time against as many one after the other, of the same model and the same ids.
/// </summary>
internal static class ServingCase
{
    private const int Requests = 16, Prompt = 48, Tokens = 48;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var model = new DecodeModel(input.Subject);
        using var checkpoint = Checkpoint.Open(model.Folder);
        using var packed = PackedWeights.Load(checkpoint, PackedWeights.FormatOf(checkpoint));
        // Prompts that share nothing, so that no side finds what the other computed.
        var round = 0;
        ServedRequest Next() => new() { Prompt = [.. Ids(++round)], MaxTokens = Tokens };
        var pairs = Pairs.Measure(input.Pairs, warmUp: 1,
            own: () => Timed(packed, Requests, Enumerable.Range(0, Requests).Select(_ => Next()).ToArray()),
            other: () => Timed(packed, 1, Enumerable.Range(0, Requests).Select(_ => Next()).ToArray()));
        yield return pairs.OtherOverOwn(input, $"{Requests} answers of {Tokens} tokens, one after the other / at once", atLeast: null);
        yield return Pieces(input, packed);
    }

    private static Row Pieces(CaseInput input, PackedWeights packed)
    {
        const int Length = 256;
        var rows = new ServingOptions().PromptRows;
        using var whole = new RowDecoder(packed, 1, Length);
        using var pieces = new RowDecoder(
            packed, Length / ServingOptions.BlockSize, ServingOptions.BlockSize, rows, wanted: 1, Length, slots: 1);
        int[] ids = [.. Enumerable.Range(0, Length).Select(i => 3 + i * 37 % 1000)];
        int[] blocks = [.. Enumerable.Range(0, Length / ServingOptions.BlockSize)];
        int[] table = [.. Enumerable.Range(0, rows).SelectMany(_ => blocks)];
        return Pairs.Measure(input.Pairs, warmUp: 2,
            own: () => Cost.Of(() =>
            {
                for (var at = 0; at < Length; at += rows)
                    pieces.Take(
                        table, new int[rows], [.. Enumerable.Range(at, rows)], ids.AsSpan(at, rows), at + rows == Length ? [rows - 1] : []);
            }),
            other: () => Cost.Of(() => whole.Begin(0, ids)))
            .OwnOverOther(input, $"a prompt of {Length} tokens, pieces of {rows} rows / at once", atMost: null);
    }

    private static Cost Timed(PackedWeights packed, int batch, ServedRequest[] requests)
    {
        using var engine = new ServingEngine(packed, new() { Batch = batch, Context = Prompt + Tokens });
        return Cost.Of(() =>
        {
            using var left = new CountdownEvent(requests.Length);
            foreach (var request in requests)
                if (!engine.TrySubmit(request, new Receiver(left)))
                    throw new InvalidOperationException("the queue is full");
            left.Wait();
        });
    }

    private static IEnumerable<int> Ids(int seed)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, Prompt).Select(_ => random.Next(3, 1000));
    }

    private sealed class Receiver(CountdownEvent left) : IServedReceiver
    {
        public void Begin(int reused)
        {
        }

        public bool Accept(ServedToken token) => true;

        public void End(ServedEnd end, Exception? failure) => left.Signal();
    }
}

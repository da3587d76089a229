using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Streaming;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>A model that passes through memory layer by layer against the one that is loaded.</summary>
public sealed class StreamedDecoderTests : TorchTest
{
    private const int Sequence = 8;

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_tap_of_every_batch_sees_the_bits_of_the_loaded_model(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        long[][] batches = [Ids(checkpoint, 3, 1), Ids(checkpoint, 1, 2), Ids(checkpoint, 2, 3)];
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var streamed = batches.Select(_ => new Recorder()).ToArray();
            using (var model = new StreamedDecoder(checkpoint, dtype))
                Pass(model, batches, [.. streamed.Select(recorder => (Tap)recorder.Record)]);
            using var loaded = DecoderWeights.Load(checkpoint, dtype);
            foreach (var (ids, seen) in batches.Zip(streamed))
            {
                using var scope = TensorScope.Begin();
                using var noGrad = GradMode.Disable();
                var whole = new Recorder();
                loaded.Forward(Tensor.From<long>(ids, ids.Length / Sequence, Sequence), whole.Record);
                whole.Forget(TapPoint.Embedding);
                Assert.Equal(whole.Places, seen.Places);
                foreach (var (expected, actual) in whole.Bytes.Zip(seen.Bytes))
                    Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void Each_weight_is_read_once_however_many_batches_there_are()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        long[][] batches = [.. Enumerable.Range(0, 5).Select(seed => Ids(checkpoint, 2, seed))];
        using var model = new StreamedDecoder(checkpoint);
        Pass(model, batches, [.. batches.Select(_ => (Tap)((_, _, _) => { }))]);

        var rows = batches.SelectMany(ids => ids).Distinct().Count();
        var table = checkpoint.Entry(checkpoint.Family.NameOf(new(ParameterRole.Embedding)));
        Assert.InRange(rows, 2, table.Shape[0] - 1);
        var unread = checkpoint.Config.TiedEmbeddings ? 0 : checkpoint.Entry(checkpoint.Family.NameOf(new(ParameterRole.Head))).ByteLength;
        Assert.Equal(checkpoint.TotalBytes - unread - table.ByteLength + rows * table.ByteLength / table.Shape[0], model.BytesRead);
    }

    [ProcessorFact]
    public void One_layer_is_in_memory_at_a_time()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        long[][] batches = [Ids(checkpoint, 1, 1), Ids(checkpoint, 1, 2)];
        var before = TorchRuntime.LiveTensors;
        var alive = new List<long>();
        void Count(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.BlockInput)
                alive.Add(TorchRuntime.LiveTensors - before);
        }

        using (var model = new StreamedDecoder(checkpoint))
            Pass(model, batches, [Count, Count]);
        Assert.Equal(2 * checkpoint.Config.Layers, alive.Count);
        // A layer's parameters, two residual streams, cos and sin with their slices; no mask, which attention without gradients does not
        // need.
        var parameters = checkpoint.Family.Parameters(checkpoint.Config).Count(named => named.Parameter.Layer == 0);
        Assert.All(alive, count => Assert.Equal(parameters + 2 + 4, count));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(128)]
    public void An_id_outside_the_vocabulary_is_refused_before_a_layer_is_read(long id)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        var ids = Ids(checkpoint, 1, 1);
        ids[3] = id;
        var error = Assert.Throws<EspalierException>(() => Pass(model, [ids], [(_, _, _) => { }]));
        Assert.StartsWith($"id {id} is outside the vocabulary of 128", error.Message);
        Assert.Equal(0, model.BytesRead);
    }

    [Theory]
    [InlineData("model.layers.3.mlp.up_proj.weight")]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("model.norm.weight")]
    public void A_weight_that_is_not_finite_is_named_and_nothing_stays_in_memory(string name)
    {
        var folder = Directory.CreateTempSubdirectory("espalier-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(Fixtures.Golden("pruning", "teacher")))
                File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(file)), File.ReadAllBytes(file));
            Break(Path.Combine(folder, "model.safetensors"), name);
            using var checkpoint = Checkpoint.Open(folder);
            using var model = new StreamedDecoder(checkpoint);
            var error = Assert.Throws<EspalierException>(() => Pass(model, [new long[Sequence]], [(_, _, _) => { }]));
            Assert.Contains($"'{name}' element 0", error.Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>All batches through one part after the other.</summary>
    private static void Pass(StreamedDecoder model, long[][] batches, Tap[] taps)
    {
        var streams_BTD = new List<Tensor>();
        try
        {
            streams_BTD.AddRange(model.Embed(batches, Sequence));
            for (var layer = 0; layer <= model.Config.Layers; layer++)
            {
                using var part = layer < model.Config.Layers ? model.Block(layer) : model.FinalNorm();
                for (var batch = 0; batch < batches.Length; batch++)
                {
                    using var x_BTD = streams_BTD[batch];
                    streams_BTD[batch] = part.Forward(x_BTD, taps[batch]);
                }
            }
        }
        finally
        {
            streams_BTD.ForEach(stream => stream.Dispose());
        }
    }

    private static long[] Ids(Checkpoint checkpoint, int rows, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows * Sequence).Select(_ => random.NextInt64(checkpoint.Config.VocabularySize))];
    }

    private static void Break(string path, string name)
    {
        long offset;
        using (var opened = SafetensorsFile.Open(path))
            offset = opened.Entries[name].Offset;
        using var file = new FileStream(path, FileMode.Open);
        file.Position = offset;
        file.Write(MemoryMarshal.AsBytes<float>([float.NaN]));
    }

    /// <summary>Everything that one batch's tap is told, in its order.</summary>
    private sealed class Recorder
    {
        public List<(TapPoint Point, int Layer)> Places { get; } = [];

        public List<byte[]> Bytes { get; } = [];

        public void Forget(TapPoint point)
        {
            for (var i = Places.Count - 1; i >= 0; i--)
            {
                if (Places[i].Point != point)
                    continue;
                Places.RemoveAt(i);
                Bytes.RemoveAt(i);
            }
        }

        public void Record(TapPoint point, int layer, Tensor value)
        {
            using var scope = TensorScope.Begin();
            var bytes = new byte[value.ElementCount * (value.DType == DType.Float64 ? 8 : 4)];
            value.Contiguous().CopyBytesTo(bytes);
            Places.Add((point, layer));
            Bytes.Add(bytes);
        }
    }
}

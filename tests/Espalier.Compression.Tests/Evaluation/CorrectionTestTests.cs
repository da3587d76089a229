using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class CorrectionTestTests : TorchTest
{
    private static TokenIds Ids(int count, Func<int, int> id) => TokenIds.FromList(Enumerable.Range(0, count).Select(id), "ids", 128);

    private static Decoder Model()
    {
        var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        // These random weights are surer of themselves than anything that was trained.
        using (GradMode.Disable())
            model.Head.Weight.MulInPlace(0.3);
        return model;
    }

    [Fact]
    public void Loss_and_expectation_are_the_definitions()
    {
        using var scope = TensorScope.Begin();
        var hidden = Tensor.From<double>([1, 0, 0, 2, 0.5, -1], 3, 2);
        var head = Tensor.From<double>([0.3, 1, -0.2, 0.7, 2, 0, 0, 0], 4, 2);
        var (loss, entropy) = new LmHead(head).NllAndEntropy(hidden, Tensor.From<long>([2, 0, 3], 3));
        double[][] hiddens = [[1, 0], [0, 2], [0.5, -1]];
        double[][] heads = [[0.3, 1], [-0.2, 0.7], [2, 0], [0, 0]];
        int[] targets = [2, 0, 3];
        for (var i = 0; i < 3; i++)
        {
            var weights = heads.Select(row => Math.Exp(row[0] * hiddens[i][0] + row[1] * hiddens[i][1])).ToArray();
            var p = weights.Select(weight => weight / weights.Sum()).ToArray();
            Assert.Equal(-Math.Log(p[targets[i]]), loss.ToArray<double>()[i], 1e-12);
            Assert.Equal(-p.Sum(x => x * Math.Log(x)), entropy.ToArray<double>()[i], 1e-12);
        }
    }

    [Fact]
    public void Text_that_the_model_writes_is_as_hard_as_it_expects_and_the_same_for_the_same_seed()
    {
        using var weights = Model();
        // Without an end all documents have one length, and each is a window of its own.
        using var model = new Decoder(weights.Config with { EosTokenIds = [] },
            weights.Parameters.Select(p => KeyValuePair.Create(p.Parameter, p.Value)));
        var written = SelfWritten.Write(model, 33 * 24, 34, 3, null, NullProgress.Instance);
        Assert.Equal(33 * 24, written.Count);
        var found = SurpriseEvaluator.Run(model, new WindowSet(written, 32), 24, 8, NullProgress.Instance, "x");
        var (excess, error) = WelchInterval.MeanAndError(found.Excess);
        Assert.InRange(excess, -4 * error, 4 * error);
        Assert.InRange(error, 0, 0.1);

        var (again, other) = (new int[70], new int[70]);
        SelfWritten.Write(model, 70, 34, 3, null, NullProgress.Instance).Read(0, again);
        written.Read(0, other);
        Assert.Equal(again, other);
        SelfWritten.Write(model, 70, 34, 4, null, NullProgress.Instance).Read(0, again);
        Assert.NotEqual(again, other);
    }

    [Fact]
    public void Correction_is_needed_for_strange_text_and_not_for_the_models_own()
    {
        using var model = Model();
        var written = SelfWritten.Write(model, 16 * 32 + 1, 32, 1, null, NullProgress.Instance);
        var strange = CorrectionTest.Run(model, Ids(1000, i => i * i % 127), "squares", written, "its own", 32, 0.1, NullProgress.Instance);
        Assert.True(strange.Needed, strange.Why);
        Assert.StartsWith("correction is needed: ", strange.Why);
        Assert.True(strange.Lower > 0.1 && strange.Lower < strange.Difference && strange.Difference < strange.Upper);
        Assert.Equal(strange.Data.Excess - strange.Reference.Excess, strange.Difference, 1e-12);
        Assert.Equal(strange.Data.Loss - strange.Data.Expected, strange.Data.Excess, 1e-9);

        var own =
            CorrectionTest.Run(model, SelfWritten.Write(model, 16 * 32 + 1, 32, 2, null, NullProgress.Instance), "more of it", written,
                "its own", 32, 0.1, NullProgress.Instance);
        Assert.False(own.Needed, own.Why);
        Assert.StartsWith("correction is not needed: ", own.Why);

        var patient = CorrectionTest.Run(model, Ids(1000, i => i * i % 127), "squares", written, "its own", 32, 100, NullProgress.Instance);
        Assert.False(patient.Needed);
        Assert.Equal(strange.Lower, patient.Lower);
    }

    [Fact]
    public void Windows_are_spread_over_the_whole_text()
    {
        using var model = Model();
        // The second half is one token over and over: taken from the front alone, it would not show.
        var text = Ids(64 * 40 + 1, i => i < 64 * 20 ? i * i % 127 : 5);
        var found = SurpriseEvaluator.Run(model, new WindowSet(text, 64, WindowStride.Contiguous), 4, 8, NullProgress.Instance, "x");
        Assert.Equal(4, found.Loss.Count);
        Assert.Equal(found.Loss[2], found.Loss[3], 1e-6);
        Assert.NotEqual(found.Loss[0], found.Loss[1], 1e-6);
    }

    [Fact]
    public void Too_little_text_and_a_threshold_below_nothing_are_refused()
    {
        using var model = Model();
        string Refused(ITokens data, double threshold) => Assert.Throws<EspalierException>(
            () => CorrectionTest.Run(model, data, "this text", Ids(1000, i => i % 128), "that", 64, threshold,
                NullProgress.Instance)).Message;
        Assert.Contains("this text: 100 tokens make 1 window of 64; at least 2 are needed", Refused(Ids(100, i => i), 0.1));
        Assert.Contains("threshold is -1", Refused(Ids(1000, i => i % 128), -1));
    }
}

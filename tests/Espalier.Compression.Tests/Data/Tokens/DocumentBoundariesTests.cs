using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Data.Tokens;

public sealed class DocumentBoundariesTests : TorchTest
{
    [Fact]
    public void Places_begin_anew_behind_each_eos_and_at_the_windows_first_token()
    {
        var ids = TokenIds.FromList([5, 0, 7, 8, 9, 0, 0, 4, 3, 3, 0, 6], "ids", 128);
        var windows = new WindowSet(ids, 5, boundaries: DocumentBoundaries.Of(ids, [0]));
        Assert.Equal([0, 1, 0, 1, 2], Places(windows, 0));
        Assert.Equal([0, 0, 1, 2, 3], Places(windows, 1));
    }

    [Fact]
    public void A_stores_documents_are_exact_whatever_its_ids()
    {
        using var folder = new TemporaryFolder();
        var encoder = new DocumentEncoder((text, ids) => ids.AddRange(text.Select(c => (int)c)), 128, null, "none");
        using (var writer = new TokenStoreWriter(folder.Path, encoder, "test"))
        {
            writer.Append([1, 2, 3], 3);
            writer.Append([4], 1);
            writer.Append([5, 6, 7, 8], 4);
            writer.Finish();
        }
        using var store = TokenStore.Open(folder.Path);
        Assert.Equal([0, 1, 2, 0, 0], Places(new WindowSet(store, 5, boundaries: DocumentBoundaries.Of(store, [])), 0));
    }

    [Fact]
    public void Ids_without_an_eos_are_refused()
    {
        var ids = TokenIds.FromList([1, 2, 3], "some-ids", 128);
        Assert.Contains("some-ids has ids of a model without an eos_token_id",
            Assert.Throws<EspalierException>(() => DocumentBoundaries.Of(ids, [])).Message);
    }

    [Fact]
    public void A_distillation_step_of_a_packed_window_is_that_of_its_documents_alone()
    {
        // Two documents of 6 inputs each, packed into one window of 12, or two windows of 6 whose targets are the same.
        int[] ids = [.. Enumerable.Range(0, 12).Select(i => i is 5 or 11 ? 0 : 1 + i * 11 % 90), 40];
        var tokens = TokenIds.FromList(ids, "ids", 128);
        var packed = Step(new WindowSet(tokens, 12, boundaries: DocumentBoundaries.Of(tokens, [0])), 1);
        var apart = Step(new WindowSet(tokens, 6, WindowStride.Contiguous), 2);
        var crossed = Step(new WindowSet(tokens, 12), 1);
        Assert.Equal(apart.Loss, packed.Loss, 1e-12);
        Assert.Equal(apart.GradientNorm, packed.GradientNorm, 1e-11);
        Assert.True(Math.Abs(crossed.Loss - packed.Loss) > 1e-6);
    }

    private static StepReport Step(WindowSet windows, int batch)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float64);
        using var trainer = new Trainer(student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new() { Steps = 1, Batch = batch });
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();
        return reports[0];
    }

    private static long[] Places(WindowSet windows, long window)
    {
        var (inputs, targets, places) =
            (new long[windows.SequenceLength], new long[windows.SequenceLength], new long[windows.SequenceLength]);
        windows.Read(window, inputs, targets);
        windows.ReadPlaces(window, inputs, places);
        return places;
    }
}

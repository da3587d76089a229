using Espalier.Compression.Alignment.Rollouts;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Distillation.Losses.Rows;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Alignment;

/// <summary>What a student writes, on a model of some thousand weights.</summary>
public sealed class RolloutTests : TorchTest
{
    private const int Sequence = 24;

    private readonly TemporaryFolder _folder = new();
    private readonly TokenStore _store;
    private readonly PromptSet _prompts;

    public RolloutTests()
    {
        var encoder = new DocumentEncoder((_, _) => { }, 128, 2, new string('0', 64));
        using (var writer = new TokenStoreWriter(_folder.Path, encoder, "prompts"))
        {
            for (var prompt = 0; prompt < 12; prompt++)
                writer.Append([.. Enumerable.Range(0, 3 + prompt % 4).Select(i => (prompt * 17 + i * 29 + 3) % 128)], 0);
            writer.Finish();
        }
        _store = TokenStore.Open(_folder.Path, 128, "prompts");
        _prompts = new(_store);
    }

    [Theory]
    [InlineData("64", 64, 64, 64)]
    [InlineData("8 to 24", 8, 16, 24)]
    [InlineData("1k to 10", 1000, 505, 10)]
    public void Lengths_go_from_the_first_to_the_last_on_a_straight_line(string text, int first, int middle, int last)
    {
        var lengths = RolloutLengths.Parse(text);
        Assert.Equal((first, middle, last), (lengths.At(0, 101), lengths.At(50, 101), lengths.At(100, 101)));
        Assert.Equal(lengths, RolloutLengths.Parse(lengths.ToString()));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("8 to")]
    [InlineData("8 to 9 to 10")]
    [InlineData("many")]
    public void What_is_no_length_is_refused(string text) =>
        Assert.Contains("32 to 128", Assert.Throws<EspalierException>(() => RolloutLengths.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_answer_depends_on_its_place_and_not_on_what_is_written_with_it()
    {
        using var model = Model("width");
        var all = Writer().Write(model, [0, 1, 2, 3, 4, 5], 40, 10, default);
        var alone = Writer().Write(model, [4], 44, 10, default);

        Assert.Equal(all[4].Written, alone[0].Written);
        Assert.NotEqual(all[4].Written, Writer().Write(model, [4], 45, 10, default)[0].Written);
        Assert.All(all, rollout => Assert.InRange(rollout.Written.Length, 1, 10));
    }

    [Fact]
    public void A_row_counts_what_was_written_and_nothing_else()
    {
        var rows = new RolloutRows(_prompts, Sequence);
        var batch = rows.Allocate(2);
        rows.Fill(batch, 0, new(1, [90, 91, 92]));
        rows.Fill(batch, 1, new(3, [93]));
        var (first, second) = (_prompts[1], _prompts[3]);

        Assert.Equal([.. first, 90, 91], batch.Inputs[..(first.Length + 2)].Select(id => (int)id));
        Assert.Equal([90, 91, 92], Counted(batch, 0));
        Assert.Equal([93], Counted(batch, 1));
        // Padding is a document of its own.
        Assert.Equal(Enumerable.Range(0, second.Length), batch.Places![Sequence..(Sequence + second.Length)].Select(place => (int)place));
        Assert.Equal(0, batch.Places[Sequence + second.Length]);
    }

    [Fact]
    public void A_training_that_goes_on_within_an_interval_reads_what_was_written()
    {
        using TemporaryFolder kept = new();
        using var model = Model("width");
        using var other = Model("teacher");
        var source = Source(model, kept.Path);
        source.Draw(4);
        var written = Fill(source, 4);
        // The weights have moved on since.
        var resumed = Source(other, kept.Path);
        resumed.Draw(5);
        source.Draw(5);
        Assert.Equal(Fill(source, 5), Fill(resumed, 5));
        Assert.NotEqual(written, Fill(resumed, 5));
        // At the beginning of an interval it is written anew.
        resumed.Draw(4 + 2);
        source.Draw(4 + 2);
        Assert.NotEqual(Fill(source, 6), Fill(resumed, 6));
    }

    [Fact]
    public void Without_what_was_written_it_does_not_go_on()
    {
        using TemporaryFolder kept = new();
        using var model = Model("width");
        Assert.Contains("step-000000004.json does not exist",
            Assert.Throws<EspalierException>(() => Source(model, kept.Path).Draw(5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_written_is_read_however_long_it_is()
    {
        using TemporaryFolder kept = new();
        // 5 million ids, which in one record of 64 MiB are not.
        Rollout[] written = [.. Enumerable.Range(0, 1000)
            .Select(i => new Rollout(i, [.. Enumerable.Range(0, 5000).Select(at => (i * 5000 + at) % 128_000)]))];
        new RolloutFiles(kept.Path).Write(7, written);
        Assert.All(Directory.GetFiles(kept.Path), file => Assert.InRange(new FileInfo(file).Length, 1, RecordFile.Largest / 2));
        AssertSame(written, new RolloutFiles(kept.Path).Read(7, 9));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(1000)]
    public void A_writing_in_several_files_comes_back_in_its_order(int most)
    {
        using TemporaryFolder kept = new();
        Rollout[] written = [.. Enumerable.Range(0, 9).Select(i => new Rollout(i, [.. Enumerable.Range(i, 1 + i % 3)]))];
        new RolloutFiles(kept.Path) { MostIds = most }.Write(4, written);
        Assert.Equal(most == 1 ? 9 : most == 30 ? 3 : 1, Directory.GetFiles(kept.Path).Length);
        AssertSame(written, new RolloutFiles(kept.Path).Read(4, 5));
    }

    [Fact]
    public void A_file_of_an_earlier_build_is_read_and_a_short_one_is_written_as_those_were()
    {
        using TemporaryFolder kept = new();
        const string body = "{\n  \"format_version\": 1,\n  \"step\": 4,\n  \"rollouts\": [\n    {\n      \"prompt\": 3,\n"
            + "      \"written\": [\n        90,\n        91\n      ]\n    }\n  ]\n}";
        var file = $"{{\n\"sha256\": \"{ContentHash.OfBytes(System.Text.Encoding.UTF8.GetBytes(body))}\",\n\"body\": {body}\n}}\n";
        Rollout[] written = [new(3, [90, 91])];
        new RolloutFiles(kept.Path).Write(4, written);
        Assert.Equal(file, File.ReadAllText(kept.Of("step-000000004.json")));
        AssertSame(written, new RolloutFiles(kept.Path).Read(4, 5));
    }

    [Theory]
    [InlineData("step-000000004-1.json", false)]
    [InlineData("step-000000004-1.json", true)]
    [InlineData("step-000000004.json", true)]
    public void A_file_that_is_lost_or_damaged_is_said_with_the_way_out(string name, bool isThere)
    {
        using TemporaryFolder kept = new();
        new RolloutFiles(kept.Path) { MostIds = 1 }.Write(4, [new(0, [1]), new(1, [2])]);
        if (isThere)
            File.WriteAllText(kept.Of(name),
                File.ReadAllText(kept.Of(name)).Replace("\"step\": 4", "\"step\": 5", StringComparison.Ordinal));
        else
            File.Delete(kept.Of(name));
        var error = Assert.Throws<EspalierException>(() => new RolloutFiles(kept.Path).Read(4, 5));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains($"delete {Path.GetDirectoryName(kept.Path)} and start again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_answers_than_a_list_holds_are_refused_with_the_way_out() =>
        Assert.Contains("use fewer steps",
            Assert.Throws<EspalierException>(() => new RolloutPlan(1 << 20, 1 << 20, 1 << 20, new(6, 10)).AnswersFrom(0)).Message,
            StringComparison.Ordinal);

    private static void AssertSame(Rollout[] written, Rollout[] read)
    {
        Assert.Equal(written.Length, read.Length);
        foreach (var (one, other) in written.Zip(read))
        {
            Assert.Equal(one.Prompt, other.Prompt);
            Assert.True(one.Written.AsSpan().SequenceEqual(other.Written));
        }
    }

    [Fact]
    public void A_student_that_is_its_teacher_is_no_distance_from_it()
    {
        using var model = Model("teacher");
        using var other = Model("width");
        double Loss(Decoder student) => RolloutEvaluator.Run(
            student, new OnlineTeacher(model), Writer(), new ReverseKl(), Sequence, 8, NullProgress.Instance, default).Nll;

        Assert.Equal(0, Loss(model), 1e-6);
        Assert.True(Loss(other) > 0.01, $"{Loss(other)}");
    }

    [Fact]
    public void What_is_asked_gives_no_gradient_and_what_is_written_does()
    {
        var (whole, asked, written) = (Gradient(null), Gradient(false), Gradient(true));
        Assert.Equal(whole, asked);
        Assert.NotEqual(whole, written);
    }

    private double[] Gradient(bool? change)
    {
        using var student = Model("width");
        student.RequiresGrad = true;
        var rows = new RolloutRows(_prompts, Sequence);
        var batch = rows.Allocate(2);
        rows.Fill(batch, 0, new(1, [90, 91, 92]));
        rows.Fill(batch, 1, new(3, [93, 94]));
        if (change is { } counted)
            for (var i = 0; i < batch.Targets.Length; i++)
                if (batch.LossMask![i] == counted)
                    batch.Targets[i] = (batch.Targets[i] + 17) % 128;
        // Cross-entropy reads the targets, divergences only which of them count.
        new LogitObjective(new CrossEntropy()).Accumulate(student, batch, 1.0 / batch.CountedTokens);
        using var scope = TensorScope.Begin();
        return GoldenTensors.DoublesOf(student.Parameters[^1].Value.Grad()!);
    }

    private static IEnumerable<int> Counted(Batch batch, int row) => Enumerable.Range(row * Sequence, Sequence)
        .Where(i => batch.LossMask![i]).Select(i => (int)batch.Targets[i]);

    private static long[] Fill(RolloutSource source, long step)
    {
        var batch = source.Allocate(2);
        source.Fill(batch, step * 2);
        Assert.Equal(batch.CountedTokens, source.CountedTokens(step * 2, 2));
        return [.. batch.Inputs, .. batch.Targets];
    }

    private RolloutSource Source(Decoder model, string folder) => new(
        model, Writer(), SampleOrder.Sequential(_prompts.Count), Sequence, new(2, 20, 2, new(6, 10)), folder, default);

    private RolloutWriter Writer() => new(_prompts, new HashSet<int> { 2 }, 1, seed: 5);

    private static Decoder Model(string name) => GoldenTensors.Load(Fixtures.Golden("pruning", name), DType.Float32);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
        base.Dispose();
    }
}

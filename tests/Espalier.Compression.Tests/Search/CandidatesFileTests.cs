using System.Text;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Search;

public sealed class CandidatesFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    private static DecoderConfig Teacher
    {
        get
        {
            using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), requireWeights: false);
            return checkpoint.Config;
        }
    }

    private IReadOnlyList<Candidate> Read(string text)
    {
        File.WriteAllText(_path, text);
        return CandidatesFile.Read(_path, Teacher);
    }

    [Fact]
    public void A_file_written_by_hand_is_accepted() => Assert.Equal(
        ["6/8/768/192", "8/4/512/256"],
        Read("""{"version":1,"candidates":[{"layers":6,"hidden":192},{"ffn":512,"heads":4,"layers":8,"hidden":256}]}""")
            .Select(candidate => candidate.Name));

    [Fact]
    public void What_is_written_reads_back()
    {
        var all = ShapeSearch.Enumerate(Teacher, new() { Sizes = new() { [Axis.Layers] = [4, 6], [Axis.Hidden] = [128, 192] } }, [])
            .ToArray();
        using var stream = new MemoryStream();
        Assert.Equal(4, CandidatesFile.Write(stream, all));
        Assert.Equal(all.Select(candidate => candidate.Name),
            Read(Encoding.UTF8.GetString(stream.ToArray())).Select(candidate => candidate.Name));
    }

    [Theory]
    [InlineData("""{"version":1,"candidates":[{"hidden":192},{"heads":6}]}""",
        "candidates[1].heads is 6; it must be a multiple of the 4 KV heads, at most 8: the nearest valid size is 4")]
    [InlineData("""{"version":1,"candidates":[{"hidden":300}]}""",
        "candidates[0].hidden is 300; it must be between 1 and the teacher's 256: the nearest valid size is 192")]
    [InlineData("""{"version":1,"candidates":[{"ffn":500}]}""",
        "candidates[0].ffn is 500; it must be a multiple of 64, the width of matrix units: the nearest valid sizes are 448 and 512")]
    [InlineData("""{"version":1,"candidates":[{"hiden":192}]}""", "there is no field candidates[0].hiden: did you mean hidden?")]
    [InlineData("""{"version":1,"candidates":[{"layers":"six"}]}""", "candidates[0].layers is \"six\"; it must be a whole number from 1")]
    [InlineData("""{"version":1,"candidates":[{"layers":6},{"layers":6,"heads":8}]}""",
        "candidates[1] is 6/8/768/256, the same as candidates[0];")]
    [InlineData("""{"version":1,"candidates":[{"layers":8}]}""", "candidates[0] is the teacher's own shape")]
    [InlineData("""{"version":1,"candidates":[]}""", "candidates is a list; it must be a list of shapes, with at least one")]
    [InlineData("""{"version":1,"candidates":[3]}""", "candidates[0] must be a JSON object")]
    [InlineData("""{"version":2,"candidates":[{"layers":6}]}""", "version 2 is newer than 1")]
    [InlineData("""{"candidates":[{"layers":6}]}""", "version is missing")]
    [InlineData("""{"version":1,"candidates":[{"layers":6}""", "not valid JSON")]
    public void A_broken_file_is_refused_with_the_field(string text, string expected)
    {
        var message = Assert.Throws<EspalierException>(() => Read(text)).Message;
        Assert.Contains(expected, message);
        Assert.StartsWith(_path, message);
    }

    public void Dispose() => File.Delete(_path);
}

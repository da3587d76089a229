using System.Text;
using System.Text.Json.Serialization;
using Espalier.Tests;

namespace Espalier.Files.Tests.Json;

public sealed partial class SealedJsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void What_is_sealed_reads_back_and_any_flipped_bit_is_damage()
    {
        var place = _folder.Of("a.json");
        var bytes = SealedJson.Bytes(new Note(1, "x"), NoteJson.Default.Note);
        File.WriteAllBytes(place, bytes);
        Assert.Equal(new Note(1, "x"), SealedJson.Read(place, NoteJson.Default.Note, 1));
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(place, bytes);
            Assert.Throws<DamagedFileException>(() => SealedJson.Read(place, NoteJson.Default.Note, 1));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_newer_format_is_refused_and_not_taken_for_damage()
    {
        File.WriteAllBytes(_folder.Of("a.json"), SealedJson.Bytes(new Note(2, "x"), NoteJson.Default.Note));
        var error = Assert.Throws<EspalierException>(() => SealedJson.Read(_folder.Of("a.json"), NoteJson.Default.Note, 1));
        Assert.Contains("format_version 2 is newer than 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_frame_is_that_of_earlier_versions()
    {
        var text = Encoding.UTF8.GetString(SealedJson.Bytes(new Note(1, "x"), NoteJson.Default.Note));
        var body = """{"format_version":1,"text":"x"}""";
        Assert.Equal($"{{\n\"sha256\": \"{ContentHash.OfText(body)}\",\n\"body\": {body}\n}}\n", text);
    }

    public void Dispose() => _folder.Dispose();

    internal sealed record Note(int FormatVersion, string Text);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(Note))]
    internal sealed partial class NoteJson : JsonSerializerContext;
}

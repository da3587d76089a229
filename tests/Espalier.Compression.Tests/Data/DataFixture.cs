using System.IO.Compression;
using System.Text;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data;

/// <summary>A folder of its own for one test, and an encoder whose ids are the bytes of the text (BOS 256, EOS 257).</summary>
internal sealed class DataFixture : IDisposable
{
    public const int Bos = 256, Eos = 257;

    public string Folder { get; } = Directory.CreateTempSubdirectory("espalier-data-").FullName;

    public static DocumentEncoder Bytes { get; } = new(EncodeBytes, 258, Eos, "0123abcd");

    public string At(params string[] parts) => Path.Combine([Folder, .. parts]);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    public static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    public static List<string> Texts(SkipCounts skips, params string[] specs) =>
        [.. DocumentSource.Parse(specs).Read(new ReadContext(skips)).Select(document => document.Text)];

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void EncodeBytes(string text, List<int> ids)
    {
        ids.Add(Bos);
        foreach (var b in Encoding.UTF8.GetBytes(text))
            ids.Add(b);
    }
}

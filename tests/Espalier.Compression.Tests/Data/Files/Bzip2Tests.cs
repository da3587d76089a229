using System.Security.Cryptography;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Tests.Data.Files;

/// <summary>bzip2 is read as bzip2 1.0.8 wrote it (through Python's bz2, from the text that <see cref="Text"/> makes too).</summary>
public sealed class Bzip2Tests
{
    private const string Short =
        "QlpoOTFBWSZTWVspf2kAAAXbiQAAwBAAAIBAP9/+0AAAgEAgAFRQAAAAAiZTyIyMnqG1B6hLhlxjW53s+kmUDTYVEI2FMIQ31IKoycmbi5EXr5TjUFFczg9+rTs5o8IH"
        + "xdyRThQkFspf2kA=";

    private const string Long =
        "QlpoMTFBWSZTWRVf5F0AADP//4IQhABWFIyAgCIBQD////Q4EAgAgTAxEcgBAoCAQA4IMAEsVIqp/omFNqn5SeanpqY0TUek9J6mnoho0DRoeofqhzTEyZNGEwTE0wCY"
        + "BDBGBGAhqDU1PKeqH6CjNNT1NqGhoGjIAAaaeo7sATj6eF25JpdyBI8dpBaL8LtJfcBYE2a0FEcZOu7VrZtTHGCi0eTbO1CjbDsYWCWkeGLUkpR07raFc+dhIGRstYb8"
        + "xFEOos1MLQHVosPljKm10ftXcJD9GteN6cGFsJ9xjxQrpc0jJdvCsiMryuTXNVXZvUtZZUFwFMJloIkZnkFOH4yMIzqnt6Eb5vNVISBL4DfFvVEkO9QoOrkMqrY+KoHn"
        + "BS8XlA50RsXjGIVtg5Gqiold6rYKoz4JM4/xW2U8hlv2IXrsnSTTyjaGebD5OTJW1CQsaMTgWQYZqKRDRXLVevjkQpeVYqcebV0/Rp+NrE85hZlDCarF1CZ6M6vxkhWz"
        + "w0Qslg1qIMZlkc+9RbI+W0yimcVy0F9b4MvEzrH5ut86Gd3i1ZPAB/4u5IpwoSAqv8i6";

    private const string Empty = "QlpoORdyRThQkAAAAAA=";

    [Theory]
    [InlineData(Short, 60, "C6D551EBF11D311F0FEA90BF5A9F0C1B46BA2590B1840D2C758986321FFBD359")]
    [InlineData(Long, 400, "3898ED6B6B2A3A6C7BEC0578DA0EC7B5D6E6D8A0E522A9F561D2D00BDCBA742E")]
    [InlineData(Empty, 0, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    public void What_was_packed_comes_out(string packed, int count, string hash)
    {
        Assert.Equal(hash, Convert.ToHexString(SHA256.HashData(Text(count))));
        Assert.Equal(Text(count), Read(Convert.FromBase64String(packed)));
    }

    [Fact]
    public void Streams_may_stand_one_after_the_other() => Assert.Equal([.. Text(400), .. Text(60), .. Text(60)],
        Read([.. Bytes(Long), .. Bytes(Short), .. Bytes(Empty), .. Bytes(Short)]));

    [Theory]
    [InlineData(Short)]
    [InlineData(Empty)]
    public void An_early_end_is_said(string packed)
    {
        var bytes = Bytes(packed);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => Read(bytes[..length]));
    }

    [Fact]
    public void No_bit_is_changed_unnoticed()
    {
        var bytes = Bytes(Short);
        var (text, refused) = (Text(60), 0);
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.Equal(text, Read(damaged));
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        // The size of blocks may be another, and what fills up the last byte.
        Assert.InRange(refused, 8 * bytes.Length - 16, 8 * bytes.Length);
    }

    [Fact]
    public void Documents_are_read_from_it()
    {
        using var data = new DataFixture();
        var skips = new SkipCounts();
        Assert.Equal([string.Concat(Enumerable.Repeat("abc", 100))], DataFixture.Texts(skips,
            data.Write("a.txt.bz2", Bytes("QlpoOTFBWSZTWYudrqUAADGBADgAIAAwzAUppiLiLEXi7kinChIRc7XUoA=="))));
        DataFixture.Texts(skips, data.Write("b.txt.bz2", Bytes(Short)[..80]));
        Assert.Contains("damaged or truncated", skips.Describe(), StringComparison.Ordinal);
    }

    private static byte[] Bytes(string packed) => Convert.FromBase64String(packed);

    private static byte[] Read(byte[] packed)
    {
        using var stream = new Bzip2Stream(new MemoryStream(packed));
        using var text = new MemoryStream();
        stream.CopyTo(text, bufferSize: 7);
        return text.ToArray();
    }

    // Words, blanks, long runs and any bytes.
    private static byte[] Text(int count)
    {
        var (state, text) = (1u, new List<byte>());
        for (var i = 0; i < count; i++)
        {
            state = (state * 1103515245 + 12345) & 0x7fff_ffff;
            var kind = (state >> 16) % 40;
            if (kind < 26)
                text.Add((byte)('a' + kind));
            else if (kind < 34)
                text.Add((byte)' ');
            else if (kind < 36)
                text.AddRange(Enumerable.Repeat((byte)'e', (int)((state >> 8) % 300)));
            else
                text.Add((byte)(state >> 9));
        }
        return [.. text];
    }
}

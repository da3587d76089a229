using System.Security.Cryptography;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>
/// SHA-256 of each tensor's stored bytes, taken while somebody else reads them. A tensor's bytes count from front to back: what is read
/// again, or ahead of the place that was reached, passes by, so that any order of reading gives the same hashes. Safe from several threads.
/// </summary>
internal sealed class TensorDigests : IDisposable
{
    private readonly Dictionary<string, Digest> _digests = new(StringComparer.Ordinal);

    /// <summary>Takes what was read of a tensor.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="byteOffset">Place of the first byte within it.</param>
    /// <param name="bytes">What stands there.</param>
    public void Take(TensorEntry entry, long byteOffset, ReadOnlySpan<byte> bytes)
    {
        var digest = Of(entry);
        lock (digest)
            digest.Take(byteOffset, bytes);
    }

    /// <summary>How many bytes of a tensor were taken, counted from its first.</summary>
    public long Taken(TensorEntry entry)
    {
        var digest = Of(entry);
        lock (digest)
            return digest.Taken;
    }

    /// <summary>
    /// Name, type, shape and hash of a tensor whose bytes were all taken, as one line: NUL between them, which no name holds.
    /// </summary>
    public string Line(TensorEntry entry) =>
        $"{entry.Name}\0{entry.Type.Name()}\0{string.Join(',', entry.Shape.Select(size => size.ToString(CultureInfo.InvariantCulture)))}\0"
            + $"{Of(entry).Hash}\n";

    /// <summary>The hash of some lines, in ordinal order.</summary>
    public static string OfLines(IEnumerable<string> lines) => ContentHash.OfText(string.Concat(lines.Order(StringComparer.Ordinal)));

    public void Dispose()
    {
        foreach (var digest in _digests.Values)
            digest.Dispose();
    }

    private Digest Of(TensorEntry entry)
    {
        lock (_digests)
        {
            if (!_digests.TryGetValue(entry.Name, out var digest))
                _digests.Add(entry.Name, digest = new(entry));
            return digest;
        }
    }

    private sealed class Digest(TensorEntry entry) : IDisposable
    {
        private IncrementalHash? _hash;
        private string? _done;

        public long Taken { get; private set; }

        public string Hash =>
            _done ?? throw new InvalidOperationException($"{Taken} of the {entry.ByteLength} bytes of '{entry.Name}' were read");

        public void Take(long byteOffset, ReadOnlySpan<byte> bytes)
        {
            if (_done is not null || byteOffset > Taken || byteOffset + bytes.Length < Taken)
                return;
            _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            _hash.AppendData(bytes[(int)(Taken - byteOffset)..]);
            Taken = byteOffset + bytes.Length;
            if (Taken < entry.ByteLength)
                return;
            _done = Convert.ToHexStringLower(_hash.GetHashAndReset());
            Dispose();
        }

        public void Dispose()
        {
            _hash?.Dispose();
            _hash = null;
        }
    }
}

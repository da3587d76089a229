using System.IO.Hashing;
using System.Security.Cryptography;

namespace Espalier.Files;

/// <summary>A hash over what comes in pieces. Not for use by several threads at once.</summary>
internal abstract class ContentHasher : IDisposable
{
    /// <summary>SHA-256, which names contents: stages are keyed by it. 64 digits, at some 1.6 GB/s.</summary>
    public static ContentHasher Sha256() => new Cryptographic();

    /// <summary>
    /// XXH128, which finds damage and nothing else: whoever wants to can make another content of the same sum. 32 digits, as fast as memory
    /// is read.
    /// </summary>
    public static ContentHasher Xxh128() => new Checksum();

    /// <summary>Takes the next bytes.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The hash of all bytes so far, as lower-case hexadecimal digits.</summary>
    public abstract string Digits();

    public abstract void Dispose();

    private sealed class Cryptographic : ContentHasher
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

        public override string Digits() => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override void Dispose() => _hash.Dispose();
    }

    private sealed class Checksum : ContentHasher
    {
        private readonly XxHash128 _hash = new();

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.Append(bytes);

        public override string Digits() => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override void Dispose() { }
    }
}

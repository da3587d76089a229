using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Compression.Data.Tokens;

/// <summary>
/// A file of ids. Every id was checked when it was opened, or when the same file was opened before (<see cref="CheckedIds"/>). It is read
/// and not mapped: of a mapped file that somebody makes shorter, a page would end the process without a word.
/// </summary>
internal sealed class TokenFile : ITokens, IDisposable
{
    private const int Chunk = 16 << 10, CheckedAtOnce = 256 << 10;
    private readonly FileStream _file;

    private TokenFile(string path, long count, TokenWidth width, FileStream stream) =>
        (Name, Count, Width, _file) = (path, count, width, stream);

    public long Count { get; }

    /// <summary>The path.</summary>
    public string Name { get; }

    /// <summary>Bytes of an id on disk.</summary>
    public TokenWidth Width { get; }

    /// <summary>Opens the file and checks every id.</summary>
    /// <param name="path">Ids, little-endian, nothing else.</param>
    /// <param name="width">Bytes of an id.</param>
    /// <param name="vocabularySize">Ids must be below it; null: only negative ids are refused.</param>
    /// <exception cref="EspalierException">Missing, empty, half an id at the end, or an id outside the vocabulary.</exception>
    public static TokenFile Open(string path, TokenWidth width, int? vocabularySize) =>
        Open(path, width, vocabularySize, CheckedIds.OfUser());

    internal static TokenFile Open(string path, TokenWidth width, int? vocabularySize, CheckedIds known)
    {
        var stream = ReadableFile.Open(path);
        try
        {
            if (stream.Length == 0)
                throw new EspalierException($"{path}: contains no token ids");
            if (stream.Length % (int)width != 0)
                throw new EspalierException(
                    $"{path}: {stream.Length} bytes are not a multiple of the {(int)width} "
                        + $"that an id takes ({width}); the file is truncated or of another kind");
            var below = vocabularySize ?? int.MaxValue;
            // Any 16 bits are an id of such a vocabulary.
            if (width == TokenWidth.Int32 || below <= ushort.MaxValue)
                known.Ensure(path, stream.SafeFileHandle, width, below, () => CheckIds(path, stream.SafeFileHandle, width, below));
            return new TokenFile(path, stream.Length / (int)width, width, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Read(long position, Span<int> destination)
    {
        this.RequireWithin(position, destination.Length);
        if (Width == TokenWidth.Int32)
            Fill(MemoryMarshal.AsBytes(destination), position * 4);
        else
            Widen(position, destination);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void Fill(Span<byte> bytes, long at)
    {
        if (ReadableFile.ReadFully(_file.SafeFileHandle, bytes, at) < bytes.Length)
            throw new EspalierException($"{Name}: became shorter while it was in use; start again with the whole file") { ExitCode = 1 };
    }

    private void Widen(long position, Span<int> destination)
    {
        var ids = ArrayPool<ushort>.Shared.Rent(Math.Min(Chunk, destination.Length));
        for (var at = 0; at < destination.Length; at += Chunk)
        {
            var part = destination.Slice(at, Math.Min(Chunk, destination.Length - at));
            Fill(MemoryMarshal.AsBytes(ids.AsSpan(0, part.Length)), (position + at) * (int)Width);
            for (var i = 0; i < part.Length; i++)
                part[i] = ids[i];
        }
        ArrayPool<ushort>.Shared.Return(ids);
    }

    private static void CheckIds(string path, SafeFileHandle file, TokenWidth width, int below)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(below, 1);
        var length = RandomAccess.GetLength(file);
        // Read and not mapped: a page of a mapping costs more than checking what is in it.
        var bytes = ArrayPool<byte>.Shared.Rent(CheckedAtOnce);
        try
        {
            for (long at = 0, read; at < length; at += read)
            {
                read = RandomAccess.Read(file, bytes.AsSpan(0, CheckedAtOnce), at) / (int)width * (int)width;
                if (read == 0)
                    throw new EspalierException($"{path}: became shorter while it was read");
                var (bad, id) = width == TokenWidth.Int32 ? FirstBad(bytes.AsSpan(0, (int)read), below)
                    : FirstBad16(bytes.AsSpan(0, (int)read), below);
                if (bad < 0)
                    continue;
                var position = at / (int)width + bad;
                throw new EspalierException(below == int.MaxValue
                    ? $"{path}: {id} at position {position} is negative; the file is of another kind"
                    : $"{path}: id {id} at position {position} is outside the vocabulary of {below}; the tokens were made with another "
                        + $"tokenizer, or the file is not {width}");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static (int At, int Id) FirstBad(Span<byte> bytes, int below)
    {
        var ids = MemoryMarshal.Cast<byte, int>(bytes);
        return ids.IndexOfAnyExceptInRange(0, below - 1) is >= 0 and var bad ? (bad, ids[bad]) : (-1, 0);
    }

    private static (int At, int Id) FirstBad16(Span<byte> bytes, int below)
    {
        var ids = MemoryMarshal.Cast<byte, ushort>(bytes);
        return ids.IndexOfAnyExceptInRange((ushort)0, (ushort)(below - 1)) is >= 0 and var bad ? (bad, ids[bad]) : (-1, 0);
    }
}

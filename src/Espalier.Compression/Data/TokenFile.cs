using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Espalier.Compression.Data;

/// <summary>A memory-mapped file of ids, validated when opened.</summary>
public sealed class TokenFile : ITokens, IDisposable
{
    private const int Chunk = 16 << 10;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    private TokenFile(string path, long count, TokenWidth width, FileStream stream)
    {
        (Name, Count, Width) = (path, count, width);
        file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <inheritdoc/>
    public long Count { get; }

    /// <summary>The path.</summary>
    public string Name { get; }

    /// <summary>Bytes of an id on disk.</summary>
    public TokenWidth Width { get; }

    /// <summary>Maps the file and checks every id.</summary>
    /// <param name="path">Ids, little-endian, nothing else.</param>
    /// <param name="width">Bytes of an id.</param>
    /// <param name="vocabularySize">Ids must be below it; null: only negative ids are refused.</param>
    /// <exception cref="EspalierException">Missing, empty, half an id at the end, or an id outside the vocabulary.</exception>
    public static TokenFile Open(string path, TokenWidth width, int? vocabularySize)
    {
        var stream = OpenStream(path);
        try
        {
            if (stream.Length == 0)
                throw new EspalierException($"{path}: holds no token ids");
            if (stream.Length % (int)width != 0)
                throw new EspalierException($"{path}: {stream.Length} bytes are no multiple of the {(int)width} that an id takes ({width}); the file is cut or of another kind");
            var tokens = new TokenFile(path, stream.Length / (int)width, width, stream);
            try
            {
                tokens.CheckIds(vocabularySize ?? int.MaxValue);
                return tokens;
            }
            catch
            {
                tokens.Dispose();
                throw;
            }
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(long position, Span<int> destination)
    {
        CheckRange(position, destination.Length);
        if (Width == TokenWidth.Int32)
            view.SafeMemoryMappedViewHandle.ReadSpan((ulong)position * 4, destination);
        else
            InChunks<ushort, int>(position, destination, static (ids, part) => { for (var i = 0; i < ids.Length; i++) part[i] = ids[i]; });
    }

    /// <inheritdoc/>
    public void Read(long position, Span<long> destination)
    {
        CheckRange(position, destination.Length);
        if (Width == TokenWidth.Int32)
            InChunks<int, long>(position, destination, static (ids, part) => { for (var i = 0; i < ids.Length; i++) part[i] = ids[i]; });
        else
            InChunks<ushort, long>(position, destination, static (ids, part) => { for (var i = 0; i < ids.Length; i++) part[i] = ids[i]; });
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }

    private delegate void Widen<TStored, TWanted>(ReadOnlySpan<TStored> ids, Span<TWanted> part);

    private void InChunks<TStored, TWanted>(long position, Span<TWanted> destination, Widen<TStored, TWanted> widen) where TStored : unmanaged
    {
        var ids = ArrayPool<TStored>.Shared.Rent(Math.Min(Chunk, destination.Length));
        for (var at = 0; at < destination.Length; at += Chunk)
        {
            var length = Math.Min(Chunk, destination.Length - at);
            view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(position + at) * (ulong)Width, ids.AsSpan(0, length));
            widen(ids.AsSpan(0, length), destination.Slice(at, length));
        }
        ArrayPool<TStored>.Shared.Return(ids);
    }

    private void CheckRange(long position, int length)
    {
        if (position < 0 || position > Count - length)
            throw new ArgumentOutOfRangeException(nameof(position), $"{Name}: ids {position} to {position + length} are not within the {Count} there are");
    }

    private void CheckIds(int vocabularySize)
    {
        if (Width == TokenWidth.UInt16 && vocabularySize > ushort.MaxValue)
            return;
        var ids = new int[(int)Math.Min(Chunk, Count)];
        for (long at = 0; at < Count; at += ids.Length)
        {
            var part = ids.AsSpan(0, (int)Math.Min(ids.Length, Count - at));
            Read(at, part);
            if (part.IndexOfAnyExceptInRange(0, vocabularySize - 1) is >= 0 and var bad)
                throw new EspalierException(vocabularySize == int.MaxValue
                    ? $"{Name}: {part[bad]} at position {at + bad} is negative; the file is of another kind"
                    : $"{Name}: id {part[bad]} at position {at + bad} is outside the vocabulary of {vocabularySize}; the tokens belong to another tokenizer, or the file is not {Width}");
        }
    }

    private static FileStream OpenStream(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}

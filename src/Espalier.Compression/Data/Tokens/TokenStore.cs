using System.Buffers.Binary;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Tokens;

/// <summary>Tokens of a set of documents on disk, memory-mapped, with their index. Written by <see cref="TokenStoreWriter"/>.</summary>
internal sealed class TokenStore : ITokens, IDisposable
{
    private readonly TokenFile _tokens;
    private readonly string _folder;

    private TokenStore(string folder, string name, TokenStoreIndex index, TokenFile tokens) =>
        (this._folder, Name, Index, this._tokens) = (folder, name, index, tokens);

    /// <summary>What the index says.</summary>
    public TokenStoreIndex Index { get; }

    public long Count => _tokens.Count;

    /// <summary>What the user knows it by: the text it was made of, or the folder.</summary>
    public string Name { get; }

    /// <summary>Opens a store; its files must agree with the index, and every id must be in the vocabulary.</summary>
    /// <param name="vocabularySize">The vocabulary of the model that will read it; null: that of the index.</param>
    /// <param name="name">What the user knows it by, for messages; null for the folder.</param>
    /// <exception cref="EspalierException">Missing or contradictory files, a newer version, or ids outside the vocabulary.</exception>
    public static TokenStore Open(string folder, int? vocabularySize = null, string? name = null)
    {
        var indexPath = Path.Combine(folder, TokenStoreWriter.IndexName);
        var index = DataJson.Read<TokenStoreIndex>(indexPath);
        if (index.Version is < 1 or > TokenStoreIndex.CurrentVersion)
            throw new EspalierException(
                $"{indexPath}: version is {index.Version}, but this program knows only up to "
                    + $"{TokenStoreIndex.CurrentVersion}; use a newer Espalier or write the tokens again");
        if (index.Count < 0 || index.Documents < 0 || index.TextBytes < 0 || index.VocabularySize < 1)
            throw new EspalierException(
                $"{indexPath}: count {index.Count}, documents {index.Documents}, text-bytes {index.TextBytes}, vocabulary-size "
                    + $"{index.VocabularySize}: must not be negative");
        var width = index.WidthOf(indexPath);
        CheckLength(Path.Combine(folder, TokenStoreWriter.TokensName), index.Count, (int)width, "ids");
        CheckLength(Path.Combine(folder, TokenStoreWriter.DocumentsName), index.Documents, 8, "documents");
        var vocabulary = Math.Min(vocabularySize ?? int.MaxValue, index.VocabularySize);
        return new TokenStore(folder, name
            ?? folder, index, TokenFile.Open(Path.Combine(folder, TokenStoreWriter.TokensName), width, vocabulary));
    }

    public void Read(long position, Span<int> destination) => _tokens.Read(position, destination);

    /// <summary>Where each document begins, in ids, ascending.</summary>
    /// <exception cref="EspalierException">The offsets are not ascending positions within the tokens.</exception>
    public long[] ReadDocumentStarts()
    {
        var path = Path.Combine(_folder, TokenStoreWriter.DocumentsName);
        var bytes = File.ReadAllBytes(path);
        var starts = new long[bytes.Length / 8];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8 * i));
            if (starts[i] < (i == 0 ? 0 : starts[i - 1]) || starts[i] > Count)
                throw new EspalierException(
                    $"{path}: document {i} begins at {starts[i]}, which is not between the previous one and the {Count} ids there are");
        }
        return starts;
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _tokens.Dispose();

    private static void CheckLength(string path, long count, int size, string what)
    {
        if (!File.Exists(path))
            throw new EspalierException($"{path}: is missing; write the tokens again");
        var bytes = RealPath.LengthOf(path);
        if (bytes / size != count || bytes % size != 0)
            throw new EspalierException(
                $"{path}: has {bytes} bytes, but {count} {what} of {size} bytes take {(decimal)count * size}; write the tokens "
                    + "again");
    }
}

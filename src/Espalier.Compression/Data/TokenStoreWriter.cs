using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace Espalier.Compression.Data;

/// <summary>
/// Writes a token store: <c>tokens.bin</c>, <c>documents.bin</c> and, last, <c>tokens.json</c>, whose presence says
/// that the store is whole. Until <see cref="Finish"/> everything has temporary names, which disposing removes.
/// </summary>
public sealed class TokenStoreWriter : IDisposable
{
    internal const string TokensName = "tokens.bin", DocumentsName = "documents.bin", IndexName = "tokens.json";

    private readonly string folder, source;
    private readonly DocumentEncoder encoder;
    private readonly TokenWidth width;
    private readonly FileStream tokens, documents;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] bytes = [];
    private long count, documentCount, textBytes;

    /// <summary>Begins a store in a folder, which is created; a store that lies there is replaced when this one is finished.</summary>
    public TokenStoreWriter(string folder, DocumentEncoder encoder, string source)
    {
        (this.folder, this.encoder, this.source) = (folder, encoder, source);
        width = encoder.VocabularySize <= 65536 ? TokenWidth.UInt16 : TokenWidth.Int32;
        Directory.CreateDirectory(folder);
        tokens = Create(TokensName);
        documents = Create(DocumentsName);
    }

    /// <summary>Ids written so far.</summary>
    public long Count => count;

    /// <summary>Documents written so far.</summary>
    public long Documents => documentCount;

    /// <summary>Appends one document.</summary>
    /// <param name="ids">Its ids, EOS included, all below the encoder's vocabulary.</param>
    /// <param name="utf8Bytes">UTF-8 bytes of its text.</param>
    public void Append(ReadOnlySpan<int> ids, long utf8Bytes)
    {
        var length = ids.Length * (int)width;
        if (bytes.Length < Math.Max(8, length))
            bytes = new byte[Math.Max(8, 2 * length)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, count);
        documents.Write(bytes, 0, 8);
        for (var i = 0; i < ids.Length; i++)
            if (width == TokenWidth.UInt16)
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), checked((ushort)ids[i]));
            else
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), ids[i]);
        tokens.Write(bytes, 0, length);
        hash.AppendData(bytes, 0, length);
        count += ids.Length;
        documentCount++;
        textBytes += utf8Bytes;
    }

    /// <summary>Flushes all to the disk, then gives the files their names, the index last.</summary>
    public TokenStoreIndex Finish()
    {
        var index = new TokenStoreIndex
        {
            Version = TokenStoreIndex.CurrentVersion,
            Count = count,
            Dtype = TokenStoreIndex.DtypeName(width),
            Documents = documentCount,
            VocabularySize = encoder.VocabularySize,
            TextBytes = textBytes,
            TokenizerSha256 = encoder.Sha256,
            TokensSha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
            Source = source,
        };
        using (var json = Create(IndexName))
        {
            JsonSerializer.Serialize(json, index, DataJson.Options);
            foreach (var file in (FileStream[])[tokens, documents, json])
                file.Flush(flushToDisk: true);
        }
        tokens.Dispose();
        documents.Dispose();
        File.Delete(Path.Combine(folder, IndexName));
        foreach (var name in (string[])[TokensName, DocumentsName, IndexName])
            File.Move(Path.Combine(folder, name + ".tmp"), Path.Combine(folder, name), overwrite: true);
        return index;
    }

    /// <summary>Closes the files and removes temporary ones.</summary>
    public void Dispose()
    {
        tokens.Dispose();
        documents.Dispose();
        hash.Dispose();
        foreach (var name in (string[])[TokensName, DocumentsName, IndexName])
            File.Delete(Path.Combine(folder, name + ".tmp"));
    }

    private FileStream Create(string name) => new(Path.Combine(folder, name + ".tmp"), FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
}

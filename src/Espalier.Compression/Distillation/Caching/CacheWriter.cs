using System.Runtime.InteropServices;
using Espalier.Compression.Data.Batches;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Compression.Distillation.Caching;

/// <summary>
/// Writes a cache: a shard at a time, each whole or not there, so that a capture that was killed goes on at its last shard;
/// <c>cache.json</c> last.
/// </summary>
internal static class CacheWriter
{
    internal const string WindowsName = "windows.i64", HeadName = "head.safetensors", HeadTensor = "lm_head.weight";

    /// <summary>Most bytes of a shard, and so what a killed capture does again.</summary>
    private const long ShardBytes = 64 << 20;

    private const int Batch = 8;

    /// <summary>
    /// Captures the teacher's distributions, or finishes a capture that was interrupted. The folder is the caller's alone.
    /// </summary>
    /// <param name="folder">The cache's folder; created. What lies there of another key is written anew.</param>
    /// <param name="windows">Which of them are kept, ascending, none twice.</param>
    /// <param name="progress">Receives the windows done.</param>
    /// <param name="stop">Stops between two batches; whole shards stay.</param>
    /// <exception cref="EspalierException">Too little disk space, a disk that refuses, or a distribution that is not finite.</exception>
    public static void Run(
        string folder, CacheKey key, Decoder teacher, WindowSet data, IReadOnlyList<long> windows, IProgressReporter progress,
        CancellationToken stop)
    {
        if (windows.Count == 0)
            throw new EspalierException("cache: there are no windows to store");
        var layout = new CacheLayout(key);
        var ofAShard = (int)Math.Clamp(ShardBytes / Math.Max(1, layout.WindowBytes), 1, 1 << 20);
        var files = DurableFiles.OnDisk;
        FileFact Write(string path, Action<Stream> write) => DurableOutput.Guard(path, () => files.WriteFile(path, write));
        DurableOutput.Guard(folder, () =>
        {
            files.EnsureFolder(folder);
            files.CleanLeftovers(folder, below: false);
            return files.DeleteFile(Path.Combine(folder, CacheManifest.FileName));
        });
        DiskSpace.Require(folder, layout.BytesFor(windows.Count), "the teacher's distributions");

        var facts = new List<FileFact> { Write(Path.Combine(folder, WindowsName),
            stream => stream.Write(MemoryMarshal.AsBytes(windows.ToArray().AsSpan()))) };
        if (key.Encoding == CacheEncoding.Hidden)
            facts.Add(WriteHead(folder, teacher));

        using var task = progress.Begin("cache", windows.Count, "windows");
        for (long shard = 0, first = 0; first < windows.Count; shard++, first += ofAShard)
        {
            var count = (int)Math.Min(ofAShard, windows.Count - first);
            var path = Path.Combine(folder, CacheShard.NameOf(shard));
            var header = CacheShard.Header(key, first, count, layout.WindowBytes);
            if (CacheShard.IsWhole(path, header, header.Length + layout.BytesFor(count)))
            {
                facts.Add(new(Path.GetFileName(path), new FileInfo(path).Length, ContentHash.OfFile(path)));
                task.Report(first + count);
                continue;
            }
            facts.Add(Write(path, stream =>
            {
                stream.Write(header);
                Capture(key, layout, teacher, data, [.. windows.Skip((int)first).Take(count)], stream, done => task.Report(first + done),
                    stop);
            }));
        }
        var manifest =
            SealedJson.Bytes(
                CacheManifest.Of(key, key.Encoding == CacheEncoding.Hidden ? teacher.Head.Cap : null, windows.Count, ofAShard, facts),
                RecordJson.Of<CacheManifest>());
        Write(Path.Combine(folder, CacheManifest.FileName), stream => stream.Write(manifest));
    }

    /// <summary>Refuses a folder that holds anything but a cache, whole or half written.</summary>
    /// <exception cref="EspalierException">The file that no cache has is named.</exception>
    public static void Require(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            if (entry is DirectoryInfo || entry.LinkTarget is not null || !IsOurs(entry.FullName))
                throw new EspalierException(
                    $"{entry.FullName} does not belong to a cache written here; move it away, or choose another output folder");
    }

    private static bool IsOurs(string path)
    {
        var name = Path.GetFileName(path);
        if (Leftovers.Is(name))
            name = name[..name.LastIndexOf(".tmp", StringComparison.Ordinal)];
        else if (CacheShard.IsShardName(name))
            return CacheShard.HasHead(path);
        return name is CacheManifest.FileName or WindowsName or HeadName || CacheShard.IsShardName(name);
    }

    private static void Capture(
        CacheKey key, CacheLayout layout, Decoder teacher, WindowSet data, long[] windows, Stream stream, Action<long> done,
        CancellationToken stop)
    {
        using var noGrad = GradMode.Disable();
        var encoder = new DistributionEncoder(key);
        var kept = 0L;
        foreach (var batch in new PackedText(data, SampleOrder.Listed(windows, data.Count)).Batches(windows.Length, Batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            var hidden_BTE = teacher.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence), places: batch.Places);
            Memory<byte>[] records = [.. Enumerable.Range(0, batch.Size).Select(_ => new byte[layout.WindowBytes].AsMemory())];
            encoder.Encode(hidden_BTE.View(-1, hidden_BTE.Size(-1)), teacher.Head, batch.Windows, records);
            foreach (var record in records)
                stream.Write(record.Span);
            done(kept += batch.Size);
        }
    }

    private static FileFact WriteHead(string folder, Decoder teacher)
    {
        var path = Path.Combine(folder, HeadName);
        using var scope = TensorScope.Begin();
        var head_VE = teacher.Head.Weight.Detach().To(DType.Float32).Times(1 / teacher.Head.Divisor).Contiguous();
        SafetensorsWriter.Write(
            path, SafetensorsLayout.Plan([new(HeadTensor, ElementType.F32, head_VE.Shape.ToArray())]),
            (_, offset, destination) => head_VE.CopyBytesTo(offset, destination));
        return new(HeadName, new FileInfo(path).Length, ContentHash.OfFile(path));
    }
}

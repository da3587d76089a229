using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints.Safetensors;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Compression.Distillation.Caching;

/// <summary>
/// A cache on disk; every file was read and had its hash when it was opened. Reading is safe from several threads.
/// </summary>
internal sealed class TeacherCache : IDisposable
{
    private readonly string _folder;
    private readonly long[] _windows;
    private readonly int _ofAShard;
    private readonly SafeFileHandle[] _shards;

    private TeacherCache(string folder, CacheManifest manifest, long[] windows)
    {
        (_folder, Key, _windows, _ofAShard, LogitCap) = (folder, manifest.Key, windows, manifest.WindowsOfAShard, manifest.LogitCap);
        Layout = new(Key);
        // Read and not mapped: of a mapped file that somebody makes shorter, a page would end the process without a word.
        _shards = [.. Enumerable.Range(0, (windows.Length + _ofAShard - 1) / _ofAShard)
            .Select(i => File.OpenHandle(Path.Combine(folder, CacheShard.NameOf(i))))];
    }

    /// <summary>What the cache belongs to.</summary>
    public CacheKey Key { get; }

    /// <summary>The soft cap of logits that the head of hidden states gives; null for none.</summary>
    public double? LogitCap { get; }

    /// <summary>Where the fields of a window lie.</summary>
    public CacheLayout Layout { get; }

    /// <summary>How many windows are kept.</summary>
    public int Windows => _windows.Length;

    /// <summary>Opens a cache and checks all of it.</summary>
    /// <exception cref="EspalierException">It is not whole, damaged, or of a newer format.</exception>
    public static TeacherCache Open(string folder)
    {
        try
        {
            var manifest =
                SealedJson.Read(Path.Combine(folder, CacheManifest.FileName), RecordJson.Of<CacheManifest>(), CacheManifest.KnownVersion);
            if (manifest.Files.Select(file => file.Problem(folder, hash: true)).FirstOrDefault(found => found is not null) is { } problem)
                throw new DamagedFileException($"{folder}: {problem}");
            var bytes = File.ReadAllBytes(Path.Combine(folder, CacheWriter.WindowsName));
            var windows = MemoryMarshal.Cast<byte, long>(bytes).ToArray();
            var layout = new CacheLayout(manifest.Key);
            if (windows.Length != manifest.Windows || windows.Length == 0 || manifest.WindowsOfAShard < 1)
                throw new DamagedFileException($"{folder}: {windows.Length} windows are listed, but the manifest says {manifest.Windows}");
            for (var (shard, first) = (0, 0L); first < windows.Length; shard++, first += manifest.WindowsOfAShard)
            {
                var count = Math.Min(manifest.WindowsOfAShard, windows.Length - first);
                var header = CacheShard.Header(manifest.Key, first, count, layout.WindowBytes);
                if (!CacheShard.IsWhole(Path.Combine(folder, CacheShard.NameOf(shard)), header, header.Length + layout.BytesFor(count)))
                    throw new DamagedFileException($"{folder}: {CacheShard.NameOf(shard)} is not the shard that belongs there");
            }
            return new(folder, manifest, windows);
        }
        catch (Exception error) when (error is DamagedFileException or IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{folder} is not a complete cache: {error.Message}; write it again with espalier cache", error);
        }
    }

    /// <summary>Refuses a cache of anything else.</summary>
    /// <exception cref="EspalierException">The difference is named.</exception>
    public void Require(CacheKey wanted)
    {
        if (Key.DifferenceFrom(wanted) is { } difference)
            throw new EspalierException(
                $"{_folder} is stale: {difference}; write it again with espalier cache, or train with the settings it was written for");
    }

    /// <summary>Copies a window's record.</summary>
    /// <param name="window">The window's number in the data.</param>
    /// <param name="record">Takes <see cref="CacheLayout.WindowBytes"/> bytes.</param>
    /// <exception cref="EspalierException">The window is not kept.</exception>
    public void Read(long window, byte[] record)
    {
        var place = Array.BinarySearch(_windows, window);
        if (place < 0)
            throw new EspalierException(
                $"{_folder} does not hold window {window} ({_windows.Length} windows are stored, {_windows[0]} "
                    + $"to {_windows[^1]}); write a cache with more windows, or use fewer steps");
        var (shard, slot) = Math.DivRem(place, _ofAShard);
        var bytes = record.AsSpan(0, Layout.WindowBytes);
        if (ReadableFile.ReadFully(_shards[shard], bytes, CacheShard.HeaderBytes + (long)slot * Layout.WindowBytes) < bytes.Length)
            throw new EspalierException($"{_folder}: {CacheShard.NameOf(shard)} became shorter while it was in use") { ExitCode = 1 };
    }

    /// <summary>The teacher's head, [V, E] row by row, of a cache of hidden states.</summary>
    public float[] ReadHead()
    {
        using var file = SafetensorsFile.Open(Path.Combine(_folder, CacheWriter.HeadName));
        return file.ReadFloat32(CacheWriter.HeadTensor);
    }

    public void Dispose()
    {
        foreach (var file in _shards)
            file.Dispose();
    }
}

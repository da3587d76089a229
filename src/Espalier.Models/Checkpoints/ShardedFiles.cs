using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Models.Checkpoints;

/// <summary>
/// The open safetensors files of a folder, one or many, and which of them holds which tensor. What the tensors are is not looked at.
/// </summary>
internal sealed class ShardedFiles : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _folder;

    private ShardedFiles(string folder) => _folder = folder;

    public IReadOnlyList<SafetensorsFile> Files => _files;

    public IReadOnlyDictionary<string, TensorEntry> Entries => _entries;

    /// <summary>A sentence where the index counts other bytes than there are; else null.</summary>
    public string? Note { get; private set; }

    /// <summary>Opens them; one file wins over an index, as in transformers.</summary>
    /// <exception cref="EspalierException">There are none, one is broken, or two hold the same tensor.</exception>
    public static ShardedFiles Open(string folder)
    {
        var files = new ShardedFiles(folder);
        try
        {
            files.OpenAll();
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public SafetensorsFile FileOf(string name) => _owners.TryGetValue(name, out var file) ? file
        : throw new EspalierException($"{_folder}: has no tensor '{name}' among its {_entries.Count}");

    /// <summary>Forgets a tensor that is not wanted.</summary>
    public void Remove(string name)
    {
        _entries.Remove(name);
        _owners.Remove(name);
    }

    /// <summary>Calls tensors by other names, and forgets those that have none.</summary>
    /// <param name="rename">The new name; null for a tensor that is not wanted.</param>
    /// <returns>Tensors that were forgotten.</returns>
    /// <exception cref="EspalierException">Two tensors would have one name.</exception>
    public int Rename(Func<string, string?> rename)
    {
        var forgotten = 0;
        foreach (var name in _entries.Keys.ToArray())
        {
            var (entry, file) = (_entries[name], _owners[name]);
            Remove(name);
            if (rename(name) is not { } other)
                forgotten++;
            else if (!_entries.TryAdd(other, entry with { Name = other }) || !_owners.TryAdd(other, file))
                throw new EspalierException(
                    $"{file.Path}: '{name}' is another name for '{other}', which is also present; keep one");
        }
        return forgotten;
    }

    public void Dispose() => _files.ForEach(static file => file.Dispose());

    private void OpenAll()
    {
        if (File.Exists(Path.Combine(_folder, CheckpointFolder.SingleFile)))
        {
            Add(SafetensorsFile.Open(CheckpointFolder.Inside(_folder, CheckpointFolder.SingleFile, _folder)));
            return;
        }

        var indexPath = Path.Combine(_folder, CheckpointFolder.IndexFile);
        if (!File.Exists(indexPath))
            throw CheckpointFolder.NoWeights(_folder);
        var index = ShardIndex.Read(indexPath);
        foreach (var path in index.Shards.Keys.Select(shard => CheckpointFolder.Inside(_folder, shard, indexPath)).ToArray())
        {
            var file = SafetensorsFile.Open(path);
            Add(file);
            index.Check(Path.GetFileName(path), file);
        }

        Note = index.NoteOfTotal(_entries.Values.Sum(static entry => entry.ByteLength));
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var (name, entry) in file.Entries)
        {
            if (!_entries.TryAdd(name, entry))
                throw new EspalierException($"{file.Path}: contains '{name}', which {_owners[name].Path} contains too");
            _owners.Add(name, file);
        }
    }
}

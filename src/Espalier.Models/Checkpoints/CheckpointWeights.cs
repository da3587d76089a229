using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>The open files of a checkpoint, every tensor checked against the family's table and the config.</summary>
internal sealed class CheckpointWeights : IDisposable
{
    private const int ChunkElements = 1 << 18;

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> _entries = new(StringComparer.Ordinal);
    // Parameters that are fused in a tensor, as ranges of its bytes.
    private readonly Dictionary<string, (TensorEntry Entry, SafetensorsFile File)> _parts = new(StringComparer.Ordinal);
    private readonly string _folder;
    private TensorDigests? _digests;

    private CheckpointWeights(string folder) => this._folder = folder;

    public IReadOnlyDictionary<string, TensorEntry> Entries => _entries;

    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>What was passed over or followed, for the user to know.</summary>
    public List<string> Notes { get; } = [];

    public ElementType MainType => _entries.Values.GroupBy(static entry => entry.Type)
        .MaxBy(static group => group.Sum(static entry => entry.ByteLength))!.Key;

    public static CheckpointWeights Open(string folder, Family family, DecoderConfig config, TextPart? text = null)
    {
        var weights = new CheckpointWeights(folder);
        try
        {
            weights.OpenFiles();
            if (text is not null)
                weights.Keep(text);
            weights.Check(family, config);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public TensorEntry Entry(string name) => _entries.TryGetValue(name, out var entry) ? entry
        : _parts.TryGetValue(name, out var part) ? part.Entry
        : throw new EspalierException($"{_folder}: has no parameter '{name}' among its {_entries.Count}");

    public SafetensorsFile FileOf(string name) => _owners.TryGetValue(name, out var file) ? file
        : _parts.TryGetValue(name, out var part) ? part.File
        : throw new EspalierException($"{_folder}: has no parameter '{name}' among its {_entries.Count}");

    public void CheckFinite(IEnumerable<string> names, CancellationToken cancellation)
    {
        var values = new float[ChunkElements];
        foreach (var name in names)
        {
            var entry = Entry(name);
            for (long first = 0; first < entry.Elements; first += ChunkElements)
            {
                cancellation.ThrowIfCancellationRequested();
                ReadFinite(name, first, values.AsSpan(0, (int)Math.Min(ChunkElements, entry.Elements - first)));
            }
        }
    }

    /// <summary>Copies elements as floats and refuses NaN and infinity by tensor, element and value.</summary>
    public void ReadFinite(string name, long firstElement, Span<float> destination)
    {
        var (file, entry) = (FileOf(name), Entry(name));
        file.ReadFloat32(entry, firstElement, destination);
        if (ElementConversion.IndexOfNonFinite(destination) is var index and >= 0)
            throw new EspalierException(
                $"{file.Path}: '{name}' element {firstElement + index} of {entry.Elements} "
                    + $"is {destination[index]}; the weights are broken, use another copy");
    }

    /// <summary>From here on, what is read is hashed on the way.</summary>
    public void HashWhatIsRead()
    {
        _digests ??= new();
        foreach (var file in _files)
            file.Digests = _digests;
    }

    /// <summary>The hash of all tensors; reads what was not read since <see cref="HashWhatIsRead"/>.</summary>
    public string Hash(CancellationToken cancellation)
    {
        HashWhatIsRead();
        var buffer = new byte[ChunkElements];
        foreach (var (name, entry) in _entries)
            for (long at; (at = _digests!.Taken(entry)) < entry.ByteLength;)
            {
                cancellation.ThrowIfCancellationRequested();
                _owners[name].Read(entry, at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.ByteLength - at)));
            }
        return TensorDigests.OfLines(_entries.Values.Select(_digests!.Line));
    }

    public void Dispose()
    {
        _files.ForEach(static file => file.Dispose());
        _digests?.Dispose();
    }

    private void OpenFiles()
    {
        // One file wins over an index, as in transformers.
        if (File.Exists(Path.Combine(_folder, CheckpointFolder.SingleFile)))
        {
            Add(SafetensorsFile.Open(CheckpointFolder.Inside(_folder, CheckpointFolder.SingleFile, _folder)));
            return;
        }

        var indexPath = Path.Combine(_folder, CheckpointFolder.IndexFile);
        if (!File.Exists(indexPath))
            throw CheckpointFolder.NoWeights(_folder);
        var index = ShardIndex.Read(indexPath);
        var paths = index.Shards.Keys.Select(shard => CheckpointFolder.Inside(_folder, shard, indexPath)).ToArray();
        foreach (var path in paths)
        {
            var file = SafetensorsFile.Open(path);
            Add(file);
            index.Check(Path.GetFileName(path), file);
        }

        if (index.NoteOfTotal(_entries.Values.Sum(static entry => entry.ByteLength)) is { } note)
            Notes.Add(note);
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var (name, entry) in file.Entries)
        {
            if (!_entries.TryAdd(name, entry))
                throw new EspalierException($"{file.Path}: holds '{name}', which {_owners[name].Path} holds too");
            _owners.Add(name, file);
        }
    }

    private void Keep(TextPart text)
    {
        var left = 0;
        foreach (var name in _entries.Keys.ToArray())
        {
            var (entry, file) = (_entries[name], _owners[name]);
            Remove(name);
            if (TextPart.NameOf(name) is not { } own)
                left++;
            else if (!_entries.TryAdd(own, entry with { Name = own }) || !_owners.TryAdd(own, file))
                throw new EspalierException($"{file.Path}: '{name}' is the text model's '{own}', which is there under another name too");
        }
        Notes.Add(text.Note(_folder, left));
    }

    private void Check(Family family, DecoderConfig config)
    {
        var wanted = family.Table.Tensors(config).ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        if (config.TiedEmbeddings)
            DropTiedHead(family, config);
        var scales = _entries.Keys.Where(name => HarmlessTensors.IsCacheScale(name) && !wanted.ContainsKey(name)).ToArray();
        if (scales.Length > 0)
            Notes.Add(
                $"{_folder}: {scales.Length} scales of a quantised key/value cache ({scales[0]}, ...) are not needed here and left out");
        foreach (var name in _entries.Keys.Where(HarmlessTensors.IsRotary).Concat(scales).ToArray())
            Remove(name);

        var missing = wanted.Keys.Where(name => !_entries.ContainsKey(name)).ToArray();
        var left = _entries.Keys.Where(name => !wanted.ContainsKey(name)).Order(StringComparer.Ordinal).ToArray();
        if (missing.Length > 0 || left.Length > 0)
            throw new EspalierException($"{_folder}: the tensors are not those of a {family.ModelType} model with {config.Layers} layers:"
                + $" {List("missing", missing)}{(missing.Length > 0 && left.Length > 0 ? "; " : "")}{List("left over", left)}");
        foreach (var (name, tensor) in wanted)
        {
            CheckShape(name, _entries[name], tensor);
            if (tensor.IsFused)
                AddParts(_entries[name], tensor);
        }
    }

    private void AddParts(TensorEntry entry, StoredTensor tensor)
    {
        var size = entry.Type.Bytes();
        foreach (var (part, first, count) in tensor.Ranges())
            _parts.Add(part.Name,
                (entry with { Name = part.Name, Shape = part.Shape, Offset = entry.Offset + first * size, ByteLength = count * size },
                    _owners[tensor.Name]));
    }

    private void CheckShape(string name, TensorEntry entry, StoredTensor wanted)
    {
        if (!entry.Type.IsWeight())
            throw new EspalierException($"{_owners[name].Path}: '{name}' is {entry.Type.Name()}; weights must be F32, F16, BF16 or F64");
        if (!entry.Shape.AsSpan().SequenceEqual(wanted.Shape))
            throw new EspalierException($"{_owners[name].Path}: '{name}' is {SafetensorsHeader.Text(entry.Shape)}, "
                + $"config.json says {SafetensorsHeader.Text(wanted.Shape)}, "
                + $"{string.Join(" and ", wanted.Parts.Select(part => ParameterSpec.Of(part.Parameter.Role).Fields))}; "
                + "one of the two is wrong");
    }

    /// <summary>
    /// A head beside a tied embedding is a copy of it that some programs write. transformers ignores it; here it must be
    /// the same bytes, since a different one means that the config is wrong.
    /// </summary>
    private void DropTiedHead(Family family, DecoderConfig config)
    {
        var (head, table) = (family.NameOf(new(ParameterRole.Head)), family.NameOf(new(ParameterRole.Embedding)));
        if (!_entries.TryGetValue(head, out var copy) || !_entries.TryGetValue(table, out var original))
            return;
        var shape = ParameterSpec.Of(ParameterRole.Head).Shape(config);
        CheckShape(head, copy, new(head, shape, [new(head, new(ParameterRole.Head), shape)]));
        if (!SameBytes(copy, _owners[head], original, _owners[table]))
            throw new EspalierException(
                $"{_owners[head].Path}: '{head}' differs from '{table}', but config.json says tie_word_embeddings true; set it to false");
        Remove(head);
    }

    private static bool SameBytes(TensorEntry a, SafetensorsFile fileA, TensorEntry b, SafetensorsFile fileB)
    {
        if (a.Type != b.Type || a.ByteLength != b.ByteLength)
            return false;
        var (chunkA, chunkB) = (new byte[ChunkElements], new byte[ChunkElements]);
        for (long first = 0; first < a.ByteLength; first += ChunkElements)
        {
            var length = (int)Math.Min(ChunkElements, a.ByteLength - first);
            fileA.Read(a, first, chunkA.AsSpan(0, length));
            fileB.Read(b, first, chunkB.AsSpan(0, length));
            if (!chunkA.AsSpan(0, length).SequenceEqual(chunkB.AsSpan(0, length)))
                return false;
        }

        return true;
    }

    private void Remove(string name)
    {
        _entries.Remove(name);
        _owners.Remove(name);
    }

    private static string List(string what, string[] names) => names.Length == 0 ? ""
        : $"{what} {string.Join(", ", names.Take(12))}{(names.Length > 12 ? $" and {names.Length - 12} more" : "")}";
}

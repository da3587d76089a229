using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>The open files of a checkpoint, every tensor checked against the family's table and the config.</summary>
internal sealed class CheckpointWeights : IDisposable
{
    private const int ChunkElements = 1 << 18;

    private readonly ShardedFiles _files;
    // Parameters that are fused in a tensor, as ranges of its bytes.
    private readonly Dictionary<string, (TensorEntry Entry, SafetensorsFile File)> _parts = new(StringComparer.Ordinal);
    private readonly string _folder;
    // What the folder's config.json calls a size.
    private readonly Func<Axis, string> _fieldOf;
    private TensorDigests? _digests;

    private CheckpointWeights(string folder, Func<Axis, string> fieldOf)
    {
        (_folder, _fieldOf, _files) = (folder, fieldOf, ShardedFiles.Open(folder));
        if (_files.Note is { } note)
            Notes.Add(note);
    }

    public IReadOnlyDictionary<string, TensorEntry> Entries => _files.Entries;

    public IReadOnlyList<SafetensorsFile> Files => _files.Files;

    /// <summary>What was passed over or followed, for the user to know.</summary>
    public List<string> Notes { get; } = [];

    public ElementType MainType => Entries.Values.GroupBy(static entry => entry.Type)
        .MaxBy(static group => group.Sum(static entry => entry.ByteLength))!.Key;

    public static CheckpointWeights Open(string folder, Family family, JsonObject raw, DecoderConfig config, TextPart? text = null)
    {
        var weights = new CheckpointWeights(folder, axis => family.NameOf(axis, raw));
        try
        {
            if (text is not null)
                weights.Notes.Add(text.Note(folder, weights._files.Rename(TextPart.NameOf)));
            if (weights.Entries.Keys.Any(name => family.NameIn(name) != name))
                weights._files.Rename(family.NameIn);
            weights.Check(family, config);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public TensorEntry Entry(string name) => Entries.TryGetValue(name, out var entry) ? entry
        : _parts.TryGetValue(name, out var part) ? part.Entry
        : throw new EspalierException($"{_folder}: has no parameter '{name}' among its {Entries.Count}");

    public SafetensorsFile FileOf(string name) => Entries.ContainsKey(name) ? _files.FileOf(name)
        : _parts.TryGetValue(name, out var part) ? part.File
        : throw new EspalierException($"{_folder}: has no parameter '{name}' among its {Entries.Count}");

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
        foreach (var file in Files)
            file.Digests = _digests;
    }

    /// <summary>The hash of all tensors; reads what was not read since <see cref="HashWhatIsRead"/>.</summary>
    public string Hash(CancellationToken cancellation)
    {
        HashWhatIsRead();
        var buffer = new byte[ChunkElements];
        foreach (var (name, entry) in Entries)
            for (long at; (at = _digests!.Taken(entry)) < entry.ByteLength;)
            {
                cancellation.ThrowIfCancellationRequested();
                _files.FileOf(name).Read(entry, at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.ByteLength - at)));
            }
        return TensorDigests.OfLines(Entries.Values.Select(_digests!.Line));
    }

    public void Dispose()
    {
        _files.Dispose();
        _digests?.Dispose();
    }

    private void Check(Family family, DecoderConfig config)
    {
        var wanted = family.Table.Tensors(config).ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        if (config.TiedEmbeddings)
            DropTiedHead(family, config);
        var scales = Entries.Keys.Where(name => HarmlessTensors.IsCacheScale(name) && !wanted.ContainsKey(name)).ToArray();
        if (scales.Length > 0)
            Notes.Add(
                $"{_folder}: {scales.Length} scales of a quantised key/value cache ({scales[0]}, ...) are not needed and were left out");
        var foresight = Entries.Keys.Where(HarmlessTensors.IsForesight).ToArray();
        if (foresight.Length > 0)
            Notes.Add($"{_folder}: {foresight.Length} tensors of a multi-token prediction head ({foresight[0]}, ...) were left out: "
                + "models made from this one will not have it");
        foreach (var name in Entries.Keys.Where(HarmlessTensors.IsRotary).Concat(scales).Concat(foresight).ToArray())
            _files.Remove(name);

        var missing = wanted.Keys.Where(name => !Entries.ContainsKey(name)).ToArray();
        var left = Entries.Keys.Where(name => !wanted.ContainsKey(name)).Order(StringComparer.Ordinal).ToArray();
        if (missing.Length > 0 || left.Length > 0)
            throw new EspalierException($"{_folder}: the tensors do not match a {family.ModelType} model with {config.Layers} layers:"
                + $" {List("missing", missing)}{(missing.Length > 0 && left.Length > 0 ? "; " : "")}{List("unexpected", left)}");
        foreach (var (name, tensor) in wanted)
        {
            CheckShape(name, Entries[name], tensor);
            if (tensor.IsFused)
                AddParts(Entries[name], tensor);
        }
    }

    private void AddParts(TensorEntry entry, StoredTensor tensor)
    {
        foreach (var part in FusedParts.Of(entry, tensor))
            _parts.Add(part.Name, (part, _files.FileOf(tensor.Name)));
    }

    private void CheckShape(string name, TensorEntry entry, StoredTensor wanted)
    {
        if (!entry.Type.IsWeight())
            throw new EspalierException(
                $"{_files.FileOf(name).Path}: '{name}' is {entry.Type.Name()}; weights must be F32, F16, BF16 or F64");
        if (!entry.Shape.AsSpan().SequenceEqual(wanted.Shape))
        {
            var fields = wanted.Parts.Select(part => ParameterSpec.Of(part.Parameter.Role).FieldsBy(_fieldOf)).Distinct();
            throw new EspalierException($"{_files.FileOf(name).Path}: '{name}' is {SafetensorsHeader.Text(entry.Shape)}, "
                + $"but config.json says {SafetensorsHeader.Text(wanted.Shape)} ({string.Join(" and ", fields)}); one of the two is wrong");
        }
    }

    /// <summary>
    /// A head beside a tied embedding is a copy of it that some programs write. transformers ignores it; here it must be
    /// the same bytes, since a different one means that the config is wrong.
    /// </summary>
    private void DropTiedHead(Family family, DecoderConfig config)
    {
        var (head, table) = (family.NameOf(new(ParameterRole.Head)), family.NameOf(new(ParameterRole.Embedding)));
        if (!Entries.TryGetValue(head, out var copy) || !Entries.TryGetValue(table, out var original))
            return;
        var shape = ParameterSpec.Of(ParameterRole.Head).Shape(config);
        CheckShape(head, copy, new(head, shape, [new(head, new(ParameterRole.Head), shape)]));
        if (!SameBytes(copy, _files.FileOf(head), original, _files.FileOf(table)))
            throw new EspalierException(
                $"{_files.FileOf(head).Path}: '{head}' differs from '{table}', but config.json says tie_word_embeddings true; set it to "
                    + $"false");
        _files.Remove(head);
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

    private static string List(string what, string[] names) => names.Length == 0 ? ""
        : $"{what} {string.Join(", ", names.Take(12))}{(names.Length > 12 ? $" and {names.Length - 12} more" : "")}";
}

using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>A Hugging Face folder whose weights are quantised, to be written as one of plain weights.</summary>
internal sealed class QuantizedImporter : ITensorSource, IModelImporter
{
    private readonly ShardedFiles _files;
    private readonly QuantizedFiles _tensors;
    private readonly QuantizedMethod _method;
    private readonly ModelHead _head;
    private readonly Dictionary<string, (StoredTensor Tensor, StoredRange[] Ranges)> _places = new(StringComparer.Ordinal);
    // Parameters of experts that lie transposed in one tensor.
    private readonly Dictionary<string, (StoredTensor Tensor, NamedParameter Part)> _experts = new(StringComparer.Ordinal);
    private (string Name, float[] Weights) _last = ("", []);

    private QuantizedImporter(string folder, ShardedFiles files)
    {
        var config = ConfigOf(folder);
        var fields = new ConfigFields(config, [], Path.Combine(folder, CheckpointFolder.ConfigFile));
        var quantization = fields.Object(QuantizationFields.Name)
            ?? throw new EspalierException(
                $"{folder}: its weights are not quantised ({fields.Source} has no {QuantizationFields.Name}), and every "
                + "command reads it without an import");
        Form = quantization.Text("quant_method") ?? "bitsandbytes";
        _method = QuantizedMethod.Of(quantization);
        QuantizationFields.Remove(config);
        var family = FamilyCatalog.For(config, fields.Source);
        Config = family.ReadConfig(config, fields.Source);
        if (!files.Entries.Any(tensor => _method.Marks(tensor.Key, tensor.Value.Type)))
            throw quantization.Wrong("quant_method", $"no tensor of {folder} is stored that way: they are "
                + string.Join(", ", files.Entries.Values.Select(static entry => entry.Type.Name()).Distinct().Order()));
        (_files, _tensors, _head) = (files, new(folder, files), ModelHead.Of(folder, family, config));
        foreach (var tensor in family.Table.Tensors(Config))
            if (tensor.IsTransposed)
                foreach (var part in tensor.Parts)
                    _experts.Add(part.Name, (tensor, part));
            else
                foreach (var part in tensor.Ranges().GroupBy(range => range.Part.Name, StringComparer.Ordinal))
                    _places.Add(part.Key, (tensor, [.. part]));
    }

    public string Form { get; }

    public DecoderConfig Config { get; }

    public IReadOnlyList<(string Type, int Tensors)> Types =>
    [
        .. _files.Entries.Values.GroupBy(static entry => entry.Type)
            .OrderByDescending(static group => group.Sum(static entry => entry.ByteLength))
            .Select(static group => (group.Key.Name(), group.Count())),
    ];

    /// <summary>
    /// Bfloat16 where scales are powers of two and all else is stored so. Otherwise float32: a product of a scale and a number of a few
    /// bits has more digits than a float of 16 bits.
    /// </summary>
    public ElementType ExactType =>
        _method.IsExactInBfloat16 && _files.Entries.Values.All(static entry => !entry.Type.IsWeight() || entry.Type == ElementType.BF16)
            ? ElementType.BF16 : ElementType.F32;

    /// <summary>Opens a folder and reads all but its weights.</summary>
    /// <exception cref="EspalierException">It is broken, not quantised, or quantised in a way that is not read.</exception>
    public static QuantizedImporter Open(string folder)
    {
        ModelPlace.Require(folder);
        var files = ShardedFiles.Open(folder);
        try
        {
            return new(folder, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Write(string folder, ElementType stored, CheckpointWriterOptions? options = null,
        CancellationToken cancellation = default) =>
        CheckpointWriter.Write(folder, Config, _head, stored, this, (options ?? new()) with { Check = RequireAllRead }, cancellation);

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        if (_experts.TryGetValue(name, out var expert))
        {
            if (_last.Name != name)
                _last = (name, Read(expert.Tensor, expert.Part));
            _last.Weights.AsSpan((int)firstElement, destination.Length).CopyTo(destination);
            return;
        }

        var (tensor, ranges) = _places[name];
        if (_last.Name != tensor.Name)
            _last = (tensor.Name, Read(tensor));
        foreach (var (_, from, first, count) in ranges)
        {
            if (destination.IsEmpty || firstElement >= from + count)
                continue;
            var values = destination[..(int)Math.Min(destination.Length, from + count - firstElement)];
            _last.Weights.AsSpan((int)(first + firstElement - from), values.Length).CopyTo(values);
            firstElement += values.Length;
            destination = destination[values.Length..];
        }
    }

    public void Dispose() => _files.Dispose();

    private float[] Read(StoredTensor tensor)
    {
        const string Weight = ".weight";
        RequireRoom(tensor.Name, tensor.Shape);
        if (tensor.Shape is [var rows, var columns] && tensor.Name.EndsWith(Weight, StringComparison.Ordinal)
            && _method.Read(_tensors, tensor.Name[..^Weight.Length], (int)rows, (int)columns) is { } weights)
            return Finite(tensor.Name, weights);
        return Finite(tensor.Name, _tensors.Floats(tensor.Name, tensor.Shape));
    }

    private float[] Read(StoredTensor tensor, NamedParameter part)
    {
        RequireRoom(part.Name, part.Shape);
        return Finite(part.Name, _method.ReadExpert(_tensors, tensor, part) ?? _tensors.Floats(tensor, part));
    }

    private static void RequireRoom(string name, IEnumerable<long> shape)
    {
        var elements = shape.Aggregate(1L, static (product, size) => product * size);
        if (elements > Array.MaxLength)
            throw new EspalierException($"'{name}' of {elements} weights is too large to be read at once");
    }

    private static float[] Finite(string name, float[] weights) => ElementConversion.IndexOfNonFinite(weights) is >= 0 and var at
        ? throw new EspalierException($"'{name}': weight {at} is {weights[at]}; the folder is damaged, use another copy") : weights;

    private void RequireAllRead()
    {
        // A head that repeats the embedding is a copy that some programs write.
        var head = Config.TiedEmbeddings ? _head.Family.NameOf(new(ParameterRole.Head)) : null;
        var left = _tensors.Left.Where(name => name != head).Order(StringComparer.Ordinal).ToArray();
        if (left.Length > 0)
            throw new EspalierException($"{left.Length} tensors have no place in a model of the family {Config.Family}: "
                + string.Join(", ", left.Take(6)));
    }

    private static JsonObject ConfigOf(string folder) =>
        JsonFile.Read(Path.Combine(folder, CheckpointFolder.ConfigFile));
}

using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Import;

/// <summary>
/// The parameters of a family, read from a GGUF file row by row: out of what llama.cpp fuses, with the rows of heads in the order of the
/// checkpoint, less what the architecture added or multiplied.
/// </summary>
internal sealed class ImportedTensors : ITensorSource
{
    private readonly GgufFile _file;
    private readonly ImportedConfig _imported;
    private readonly Dictionary<Parameter, Place> _places = [];
    private float[] _row = [];
    private (GgufTensor? Tensor, long Row) _held;

    /// <summary>Checks that the file's tensors are those of the config, no more and no less, in their shapes.</summary>
    /// <param name="file">The file, open as long as tensors are read.</param>
    /// <param name="imported">What its keys say.</param>
    /// <exception cref="EspalierException">A tensor is missing, has another shape, or no place in the model.</exception>
    public ImportedTensors(GgufFile file, ImportedConfig imported)
    {
        (_file, _imported) = (file, imported);
        var names = new HashSet<string>(StringComparer.Ordinal) { RotaryFactors.Name };
        names.UnionWith(LongFactors.Of(imported.Config).Select(factors => factors.Name));
        names.UnionWith(imported.Architecture.Zeros(imported.Config).Select(zeros => zeros.Name));
        foreach (var stored in StoredTensor.Of(imported.Family.Parameters(imported.Config)
            .Select(named => named with { Name = imported.Architecture.Table.NameOf(named.Parameter) }), imported.Config))
        {
            var tensor = file[stored.Name];
            var shape = imported.Architecture.ShapeOf(stored, imported.Config);
            if (!tensor.Shape.SequenceEqual(shape))
                throw new EspalierException($"{file.Path}: tensor {stored.Name} is [{string.Join(", ", tensor.Shape)}], "
                    + $"[{string.Join(", ", shape)}] was expected from the file's own keys");
            names.Add(stored.Name);
            foreach (var (part, _, first, count) in stored.Ranges().Take(stored.Parts.Count))
            {
                // Vectors of experts are the rows of one matrix.
                var width = part.Shape.Length > 1 ? part.Shape[^1] : tensor.Shape.Count > 1 ? tensor.Width : 1;
                _places.Add(part.Parameter, new(tensor, first / width, count / width,
                    stored.Parts.Sum(StoredTensor.ElementsOf) / stored.Units / width));
            }
        }

        // Where the embedding serves as head, it may stand there twice.
        if (imported.Config.TiedEmbeddings)
            names.Add("output.weight");
        if (file.Tensors.FirstOrDefault(tensor => !names.Contains(tensor.Name)) is { } unknown)
            throw new EspalierException($"{file.Path}: tensor {unknown.Name} has no place in a model of the family "
                + $"{imported.Family.ModelType}");
    }

    /// <summary>
    /// The type that keeps all that the matrices say: float16 or bfloat16 where all of them are that, else float32, which every quantised
    /// weight has a number in.
    /// </summary>
    public ElementType ExactType
    {
        get
        {
            GgufType[] types = [.. _places.Where(pair => ParameterSpec.Of(pair.Key.Role) is { Dimensions.Count: > 1, IsConvolution: false })
                .Select(pair => pair.Value.Tensor.Type).Distinct()];
            return types is [GgufType.F16] ? ElementType.F16 : types is [GgufType.BF16] ? ElementType.BF16 : ElementType.F32;
        }
    }

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        if (!_imported.Family.TryParse(name, out var parameter) || !_places.TryGetValue(parameter, out var place))
            throw new EspalierException($"{_file.Path}: has no parameter {name}");
        if (place.Tensor.Shape.Count == 1)
            FillVector(parameter, place, firstElement, destination);
        else
            FillMatrix(parameter, place, firstElement, destination);
        if (ElementConversion.IndexOfNonFinite(destination) is >= 0 and var at)
            throw new EspalierException(
                $"{_file.Path}: tensor {place.Tensor.Name}: a weight of {name} is {destination[at]}; the file is damaged, use another "
                    + "copy");

        GgufArchitecture.Decode(parameter.Role, destination);
        float shift = _imported.Architecture.Shift(parameter.Role),
            factor = (float)_imported.Architecture.Factor(parameter.Role, _imported.Config);
        if (shift != 0 || factor != 1)
            foreach (ref var weight in destination)
                weight = weight / factor - shift;
    }

    private void FillVector(Parameter parameter, Place place, long first, Span<float> destination)
    {
        var all = _file.ReadFloat32(place.Tensor.Name);
        var order = ValueHeadOrder.Of(parameter.Role, _imported.Config, _imported.Architecture);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = all[place.RowOf(_imported.Architecture.Turns(parameter.Role) ? RowThere((int)first + i)
                : order?.Tiled(first + i) ?? first + i)];
    }

    private void FillMatrix(Parameter parameter, Place place, long firstElement, Span<float> destination)
    {
        var width = (int)place.Tensor.Width;
        var turns = _imported.Architecture.Turns(parameter.Role);
        var order = ValueHeadOrder.Of(parameter.Role, _imported.Config, _imported.Architecture);
        while (destination.Length > 0)
        {
            var there = order?.Tiled(firstElement) ?? firstElement;
            var (row, column) = (there / width, (int)(there % width));
            // As many whole rows at once as lie there in the same order.
            var alike = Math.Min(place.Together(row) * width, order?.Run(firstElement) ?? long.MaxValue);
            var rows = turns || column != 0 ? 1 : Math.Max(1, Math.Min(destination.Length, alike) / width);
            var elements = (int)Math.Min(Math.Min(destination.Length, rows * width - column), alike);
            var at = place.RowOf(turns ? RowThere((int)row) : row);
            if (elements == rows * width)
                _file.ReadRows(place.Tensor, at, destination[..elements]);
            else
            {
                if (_row.Length < width)
                    _row = new float[width];
                if (_held != (place.Tensor, at))
                    _file.ReadRows(place.Tensor, at, _row.AsSpan(0, width));
                _held = (place.Tensor, at);
                _row.AsSpan(column, elements).CopyTo(destination);
            }

            destination = destination[elements..];
            firstElement += elements;
        }
    }

    private int RowThere(int row) => HeadOrder.Neighbour(row, _imported.Config.HeadDim);

    /// <summary>Where the rows of a parameter are: some for each unit, where it is interleaved with others, else all.</summary>
    /// <param name="Tensor">The tensor.</param>
    /// <param name="First">Its first row there.</param>
    /// <param name="Each">Rows of a unit.</param>
    /// <param name="Apart">Rows from one unit to the next.</param>
    private readonly record struct Place(GgufTensor Tensor, long First, long Each, long Apart)
    {
        public long RowOf(long row) => First + row / Each * Apart + row % Each;

        // Rows from one on that stand one after the other.
        public long Together(long row) => Each - row % Each;
    }
}

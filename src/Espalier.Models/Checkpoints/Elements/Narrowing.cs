namespace Espalier.Models.Checkpoints.Elements;

/// <summary>
/// Floats to what is stored, of tensors that are written a piece after the other. A value that the type cannot hold is refused by tensor,
/// place and value, or brought back to the type's largest where that was asked for.
/// </summary>
/// <param name="clamp">Whether values beyond the type's range become its largest.</param>
internal sealed class Narrowing(bool clamp = false)
{
    private readonly Dictionary<string, long> _clamped = [];
    private float[] _copy = [];

    /// <summary>How many values of which tensors were clamped, in the order in which they came.</summary>
    public IReadOnlyDictionary<string, long> Clamped => _clamped;

    /// <summary>One line on what was clamped; null where nothing was.</summary>
    public string? Warning => _clamped.Count == 0
        ? null
        : $"{_clamped.Values.Sum()} values beyond the element type's range were clamped, in "
            + $"{string.Join(", ", _clamped.Take(5).Select(pair => $"{pair.Key} ({pair.Value})"))}"
            + $"{(_clamped.Count > 5 ? $" and {_clamped.Count - 5} more tensors" : "")}";

    /// <summary>Writes a piece of a tensor.</summary>
    /// <param name="tensor">Its name.</param>
    /// <param name="first">Index of the first element, within the tensor.</param>
    /// <param name="type">What is stored.</param>
    /// <param name="values">The elements.</param>
    /// <param name="destination">Receives their bytes.</param>
    /// <exception cref="EspalierException">A value is not finite, or beyond the type and not to be clamped.</exception>
    public void Write(string tensor, long first, ElementType type, ReadOnlySpan<float> values, Span<byte> destination)
    {
        if (type is ElementType.F16 or ElementType.BF16 && ElementConversion.IndexOfUnfit(type, values) is >= 0 and var at)
        {
            if (!clamp || !float.IsFinite(values[at]))
                throw Unfit(tensor, first + at, values[at], type);
            if (_copy.Length < values.Length)
                _copy = new float[values.Length];
            var copy = _copy.AsSpan(0, values.Length);
            values.CopyTo(copy);
            if (ElementConversion.IndexOfNonFinite(copy) is >= 0 and var bad)
                throw Unfit(tensor, first + bad, values[bad], type);
            _clamped[tensor] = _clamped.GetValueOrDefault(tensor) + ElementConversion.Clamp(ElementConversion.Largest(type), copy);
            values = copy;
        }
        ElementConversion.FromFloat32(type, values, destination);
    }

    private static EspalierException Unfit(string tensor, long at, float value, ElementType type) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"tensor {tensor}: element {at} is {value:G9}, which {type.Name()} cannot hold"
            + $"{(float.IsFinite(value) ? $" (at most {ElementConversion.Largest(type):G9}): store F32 or BF16, or clamp (--clamp, in a recipe clamp: true)" : "; the weights are broken")}"));
}

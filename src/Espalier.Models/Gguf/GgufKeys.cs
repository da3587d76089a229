namespace Espalier.Models.Gguf;

/// <summary>The keys of a GGUF file's architecture, read by what they mean: files write the same number in several types.</summary>
/// <param name="file">The file.</param>
/// <param name="architecture"><c>general.architecture</c>, which the keys begin with.</param>
internal sealed class GgufKeys(GgufFile file, string architecture)
{
    /// <summary>A size or a count; of a list with one item for each layer the item that all of them are.</summary>
    /// <param name="key">The key, without the architecture.</param>
    /// <returns>Null where the file has no such key.</returns>
    /// <exception cref="EspalierException">It is no whole number, or layers differ.</exception>
    public int? Whole(string key) => Value(key) switch
    {
        null => null,
        Array { Length: > 0 } items when items.Cast<object>().Distinct().Count() == 1 => AsWhole(key, items.GetValue(0)!),
        Array => throw Wrong(key, "has a separate value for each layer, but only layers of the same shape are supported"),
        var value => AsWhole(key, value),
    };

    /// <summary>A size that some layers may lack: of a list the item that all layers have that are not at 0.</summary>
    /// <param name="key">The key, without the architecture.</param>
    /// <returns>Null where the file has no such key; 0 where no layer has any.</returns>
    /// <exception cref="EspalierException">It is no whole number, or the layers that have it differ.</exception>
    public int? WholeOfSome(string key)
    {
        if (Value(key) is not Array items)
            return Whole(key);
        int[] sizes = [.. items.Cast<object>().Select(item => AsWhole(key, item)).Where(size => size != 0).Distinct()];
        return sizes.Length > 1 ? throw Wrong(key, $"has {string.Join(", ", sizes)} in different layers, but only layers of the same size "
            + "are supported")
            : sizes.Length == 1 ? sizes[0] : 0;
    }

    /// <summary>The same, layer by layer.</summary>
    /// <param name="key">The key, without the architecture, which must be there.</param>
    /// <param name="layers">Layers of the model.</param>
    public int[] OfLayers(string key, int layers) => Value(key) switch
    {
        null => throw new EspalierException($"{file.Path}: the key {architecture}.{key} is missing"),
        Array items when items.Length == layers => [.. items.Cast<object>().Select(item => AsWhole(key, item))],
        Array items => throw Wrong(key, $"is a list of {items.Length}, but the model has {layers} layers"),
        var one => [.. Enumerable.Repeat(AsWhole(key, one), layers)],
    };

    /// <summary>The same, of a key that must be there.</summary>
    public int Required(string key) => Whole(key) ?? throw new EspalierException($"{file.Path}: the key {architecture}.{key} is missing");

    /// <summary>A number, widened from the float32 that files hold to the shortest decimal that means it.</summary>
    /// <param name="key">The key, without the architecture.</param>
    /// <returns>Null where the file has no such key.</returns>
    public double? Number(string key) => Value(key) switch
    {
        null => null,
        float value => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        double value => value,
        var value => AsWhole(key, value),
    };

    /// <summary>A text; null where the file has no such key.</summary>
    public string? Text(string key) => Value(key) switch
    {
        null => null,
        string text => text,
        _ => throw Wrong(key, "is not text"),
    };

    private object? Value(string key) => file.Metadata.Find($"{architecture}.{key}");

    private int AsWhole(string key, object value) => value switch
    {
        uint number when number <= int.MaxValue => (int)number,
        int and >= 0 => (int)value,
        ulong number when number <= int.MaxValue => (int)number,
        long and >= 0 and <= int.MaxValue => (int)(long)value,
        ushort number => number,
        byte number => number,
        _ => throw Wrong(key, $"is {value}; it must be a whole number"),
    };

    private EspalierException Wrong(string key, string problem) => new($"{file.Path}: {architecture}.{key} {problem}");
}

namespace Espalier.Models.Streaming;

/// <summary>A few parameters, those of a layer or the final norm's, in memory until this is disposed.</summary>
internal sealed class LayerWeights : IDisposable
{
    private readonly Dictionary<Parameter, Tensor> _tensors = [];

    public LayerWeights(ParameterReader reader, IEnumerable<NamedParameter> parameters)
    {
        try
        {
            foreach (var named in parameters)
                _tensors.Add(named.Parameter, reader.Read(named));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyDictionary<Parameter, Tensor> Tensors => _tensors;

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }
}

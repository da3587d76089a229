using Espalier.Torch;

namespace Espalier.Compression.Training;

/// <summary>What is done to all gradients together.</summary>
public static class Gradients
{
    /// <summary>Global L2 norm over the gradients of all parameters (float64 over the tensors' norms); NaN or infinite where one is.</summary>
    public static double GlobalNorm(IEnumerable<Tensor> parameters)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var norms = new List<Tensor>();
        foreach (var parameter in parameters)
            if (parameter.Grad() is { } gradient)
                norms.Add(gradient.Norm());
        return norms.Count == 0 ? 0 : Tensor.Stack(0, [.. norms]).To(DType.Float64).Norm().Item();
    }

    /// <summary>The factor that brings a norm down to the clip: min(1, clip / (norm + 1e-6)), as PyTorch; 1 where there is no clip.</summary>
    public static double ClipFactor(double norm, double? clip) => clip is { } limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;

    /// <summary>Forgets the accumulated gradients.</summary>
    public static void Clear(IEnumerable<Tensor> parameters)
    {
        foreach (var parameter in parameters)
            parameter.SetGrad(null);
    }
}

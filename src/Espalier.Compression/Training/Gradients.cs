namespace Espalier.Compression.Training;

/// <summary>What is done to all gradients together.</summary>
internal static class Gradients
{
    // Elements of a matrix that is worth it, and of which no product with sixteen positions goes to another library.
    private const long Large = 1 << 15;

    /// <summary>Global L2 norm over the gradients of all parameters, in float64; NaN or infinite where one is.</summary>
    public static double GlobalNorm(ReadOnlySpan<Tensor> parameters)
    {
        if (parameters.Length > 0 && parameters[0].Device != Device.Cpu)
            return Tensor.NormOfGrads(parameters);
        var squares = 0.0;
        foreach (var parameter in parameters)
            squares += parameter.SumOfSquaresOfGrad();
        return Math.Sqrt(squares);
    }

    /// <summary>
    /// The factor that brings a norm down to the clip: min(1, clip / (norm + 1e-6)), as PyTorch; 1 where there is no clip.
    /// </summary>
    public static double ClipFactor(double norm, double? clip) => clip is { } limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;

    /// <summary>
    /// Forgets the accumulated gradients; those of matrices that products gather have memory from here on, one after the other, before a
    /// pass makes anything.
    /// </summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="gathers">Whether products write and add to gradients where they lie.</param>
    public static void Renew(ReadOnlySpan<Tensor> parameters, bool gathers)
    {
        foreach (var parameter in parameters)
            if (gathers && parameter.Dimensions == 2 && parameter.DType == DType.Float32 && parameter.ElementCount >= Large)
                parameter.RenewGrad();
            else
                parameter.SetGrad(null);
    }

    /// <summary>Forgets the accumulated gradients.</summary>
    public static void Clear(ReadOnlySpan<Tensor> parameters)
    {
        foreach (var parameter in parameters)
            parameter.SetGrad(null);
    }
}

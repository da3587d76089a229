using Espalier.Torch.Native;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>The shape and type that a gradient must have: those of the input it belongs to.</summary>
internal readonly struct Form(Tensor input)
{
    public long[] Shape { get; } = Shapes.Of(input.Shape);

    public bool IsNone => Shape is null;

    public DType DType { get; } = input.DType;

    /// <summary>The gradient of an input that was broadcast: summed over what was repeated, and of the input's type.</summary>
    public Tensor Of(Tensor gradient) => Cast(Sum(gradient, Shape));

    public Tensor Cast(Tensor gradient) => gradient.DType == DType ? gradient : gradient.To(DType);

    /// <summary>In the input's shape, where the number of elements is the same.</summary>
    public Tensor Reshape(Tensor gradient) => gradient.Shape.SequenceEqual(Shape) ? gradient : gradient.Reshape(Shape);

    /// <summary>Summed to a shape that broadcasts to the gradient's.</summary>
    public static Tensor Sum(Tensor gradient, long[] shape)
    {
        var sizes = gradient.Shape;
        if (sizes.SequenceEqual(shape))
            return gradient;
        var more = sizes.Length - shape.Length;
        var repeated = new List<long>();
        for (var i = 0; i < sizes.Length; i++)
            if (sizes[i] != 1 && (i < more || shape[i - more] == 1))
                repeated.Add(i);
        if (repeated.Count > 0)
            gradient = gradient.Sum([.. repeated], keep: true);
        return more == 0 ? gradient : gradient.Reshape(shape);
    }
}

namespace Espalier.Models.FeedForwards;

// Shapes: B batch, T time, D model width, Y width of the expert.

/// <summary>
/// The expert that every token goes to beside those that its router chooses (Qwen2-MoE, arXiv 2407.10671; Qwen3-Next): a gated block whose
/// weight is the sigmoid of a row of its own.
/// </summary>
internal sealed class SharedExpert(LayerKind kind, int layer)
{
    /// <summary>[Y, D]; null where the activation has no gate.</summary>
    public required Projection? GateProj { get; init; }

    /// <summary>[Y, D].</summary>
    public required Projection UpProj { get; init; }

    /// <summary>[D, Y].</summary>
    public required Projection DownProj { get; init; }

    /// <summary>[1, D].</summary>
    public required Projection Weight { get; init; }

    /// <summary>What it adds, [B, T, D], of no less than float32.</summary>
    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var up_BTY = UpProj.Forward(x_BTD, context.Compute);
        var z_BTY = GateProj?.Forward(x_BTD, context.Compute) ?? up_BTY;
        context.Emit(TapPoint.SharedPreActivation, layer, z_BTY);
        var y_BTY = FeedForward.Units(kind, z_BTY, up_BTY);
        context.Emit(TapPoint.SharedIntermediate, layer, y_BTY);
        // A sigmoid is a hyperbolic tangent.
        var weight_BT1 = Weight.Forward(x_BTD, context.Compute).Widened().Mul(0.5).Tanh().Add(1).Mul(0.5);
        return DownProj.Forward(y_BTY, context.Compute).Widened().Mul(weight_BT1);
    }
}

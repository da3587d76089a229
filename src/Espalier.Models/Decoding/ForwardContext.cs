using Espalier.Models.Layouts;
using Espalier.Models.Masks;
using Espalier.Models.Rotary;

namespace Espalier.Models;

/// <summary>What every block of one forward pass shares.</summary>
/// <param name="Tables">Cos and sin of this pass's positions, of each of <see cref="DecoderConfig.Rotaries"/>.</param>
/// <param name="Masks">What attention may see; null where it needs no masks.</param>
/// <param name="Begins">Where rows hold several documents: the position at which each token's document begins, [B, T]; else null.</param>
/// <param name="Cache">Keys and values of earlier positions, or null.</param>
/// <param name="Tap">Who listens, or null.</param>
/// <param name="Compute">What projections are computed in.</param>
/// <param name="Branched">Which tokens see which where a row holds texts with several ways to go on; else null.</param>
internal readonly record struct ForwardContext(
    RotaryPass Tables, AttentionMasks? Masks, Tensor? Begins, KeyValueCache? Cache, Tap? Tap, ComputeType Compute,
    BranchedLayout? Branched = null)
{
    /// <summary>Whether nobody but the blocks sees what they make on the way, so that its objects may serve again.</summary>
    public bool IsAlone => Tap is null && Cache is null;

    /// <summary>Gives a value to the tap, in float32 where it was computed in bfloat16.</summary>
    public void Emit(TapPoint point, int layer, Tensor value) => Tap?.Invoke(point, layer, value.Widened());
}

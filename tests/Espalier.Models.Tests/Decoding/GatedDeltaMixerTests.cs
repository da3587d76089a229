using Espalier.Models.Mixers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// The mixer of linear attention against transformers' in float64 (tests/golden/delta): values and every gradient, with documents and in
/// pieces.
/// </summary>
public sealed class GatedDeltaMixerTests : TorchTest
{
    private static readonly MixerGolden s_golden = new("delta", MixerOf, static (name, sizes) =>
    {
        var (inner, shared) = (sizes[0] * sizes[1], sizes[2] * sizes[3]);
        return name is "in_proj_qkv.weight" or "conv1d.weight" ? [("q", shared), ("k", shared), ("v", inner)] : [];
    });

    public static TheoryData<string, bool> Cases => new()
    {
        { "small", false }, { "small", true }, { "one", false }, { "one", true }, { "wide", false }, { "wide", true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_transformers_in_float64(string name, bool documents) =>
        s_golden.Compare(name, documents, DType.Float64, 1e-9);

    // Rounding of float32 over sums of up to 150 positions and 64 channels, of values of some units.
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_kernels_are_near_in_float32(string name, bool documents) => s_golden.Compare(name, documents, DType.Float32, 2e-5);

    [Theory]
    [InlineData("small", DType.Float64, 1e-9)]
    [InlineData("one", DType.Float64, 1e-9)]
    [InlineData("small", DType.Float32, 2e-5)]
    [InlineData("wide", DType.Float32, 2e-5)]
    public void In_pieces_with_a_state_between_them_it_is_the_same(string name, DType type, double tolerance) =>
        s_golden.InPieces(name, type, tolerance);

    [Theory]
    [InlineData("small")]
    [InlineData("one")]
    [InlineData("wide")]
    public void Products_in_bfloat16_stay_near_transformers_in_float64(string name) => s_golden.InBfloat16(name);

    private static (DecoderConfig, IMixer) MixerOf(GoldenTensors golden, MixerGolden.Weights weight)
    {
        var sizes = MixerGolden.Sizes(golden);
        var config = MixerGolden.ConfigOf(golden, new() { HasDelta = true }) with
        {
            NormEpsilon = 1e-5,
            Delta = new() { Heads = sizes[0], HeadDim = sizes[1], Groups = sizes[2], StateSize = sizes[3], Kernel = sizes[4] },
        };
        Projection Projected(string name, string part = "") => new(weight($"{name}.weight", part)!, null);
        return (config, new GatedDeltaMixer(config, 0)
        {
            QProj = Projected("in_proj_qkv", "q"),
            KProj = Projected("in_proj_qkv", "k"),
            VProj = Projected("in_proj_qkv", "v"),
            GateProj = Projected("in_proj_z"),
            StrengthProj = Projected("in_proj_b"),
            StepProj = Projected("in_proj_a"),
            QConv = weight("conv1d.weight", "q")!,
            KConv = weight("conv1d.weight", "k")!,
            VConv = weight("conv1d.weight", "v")!,
            StepBias = weight("dt_bias")!,
            LogDecay = weight("A_log")!,
            NormWeight = weight("norm.weight")!,
            OutProj = Projected("out_proj"),
        });
    }
}

using Espalier.Models.Mixers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// The Mamba-2 mixer against transformers' in float64 (tests/golden/mamba): values and every gradient, with documents and in pieces.
/// </summary>
public sealed class Mamba2MixerTests : TorchTest
{
    private static readonly MixerGolden s_golden = new("mamba", MixerOf, static (name, sizes) =>
    {
        var (heads, inner, shared) = (sizes[0], sizes[0] * sizes[1], sizes[2] * sizes[3]);
        (string, int)[] convolved = [("x", inner), ("b", shared), ("c", shared)];
        return name.StartsWith("in_proj", StringComparison.Ordinal) ? [("z", inner), .. convolved, ("dt", heads)]
            : name.StartsWith("conv1d", StringComparison.Ordinal) ? convolved : [];
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
        var config = MixerGolden.ConfigOf(golden, new() { HasMamba = true }) with
        {
            Mamba = new()
            {
                Heads = sizes[0],
                HeadDim = sizes[1],
                Groups = sizes[2],
                StateSize = sizes[3],
                Kernel = sizes[4],
                LeastStep = golden.Scalar("least"),
            },
        };
        Projection Projected(string part) => new(weight("in_proj.weight", part)!, weight("in_proj.bias", part));
        return (config, new Mamba2Mixer(config, 0)
        {
            GateProj = Projected("z"),
            InputProj = Projected("x"),
            BProj = Projected("b"),
            CProj = Projected("c"),
            StepProj = Projected("dt"),
            InputConv = weight("conv1d.weight", "x")!,
            InputConvBias = weight("conv1d.bias", "x"),
            BConv = weight("conv1d.weight", "b")!,
            BConvBias = weight("conv1d.bias", "b"),
            CConv = weight("conv1d.weight", "c")!,
            CConvBias = weight("conv1d.bias", "c"),
            StepBias = weight("dt_bias")!,
            LogDecay = weight("A_log")!,
            Skip = weight("D")!,
            NormWeight = weight("norm.weight")!,
            OutProj = new(weight("out_proj.weight")!, weight("out_proj.bias")),
        });
    }
}

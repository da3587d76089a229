namespace Espalier.Models.Gguf.Export;

/// <summary>How the matrices of a file are stored, by the names that llama.cpp has for it; most of them are mixtures of types.</summary>
internal enum GgufFormat
{
    /// <summary>All float32.</summary>
    F32,

    /// <summary>All float16.</summary>
    F16,

    /// <summary>All bfloat16.</summary>
    BF16,

    /// <summary>All Q8_0.</summary>
    Q8_0,

    /// <summary>All Q6_K.</summary>
    Q6_K,

    /// <summary>Q5_K, and Q6_K where errors cost most.</summary>
    Q5_K_M,

    /// <summary>Q5_0, with a head of Q6_K.</summary>
    Q5_0,

    /// <summary>Q4_K, and Q6_K where errors cost most.</summary>
    Q4_K_M,

    /// <summary>Q4_0, with a head of Q6_K.</summary>
    Q4_0,
}

/// <summary>Names, numbers and mixtures of <see cref="GgufFormat"/>.</summary>
internal static class GgufFormats
{
    /// <summary>Every format, the largest first, in the order in which help lists them.</summary>
    public static IReadOnlyList<GgufFormat> All { get; } = Enum.GetValues<GgufFormat>();

    /// <summary>The name as it is written in file names and on the command line, such as <c>q4_k_m</c>.</summary>
    public static string Name(this GgufFormat format) => format.ToString().ToLowerInvariant();

    /// <summary>The format of a name, in any letter case.</summary>
    /// <exception cref="EspalierException">There is none; the nearest is named.</exception>
    public static GgufFormat Parse(string name) =>
        Enum.TryParse<GgufFormat>(name, ignoreCase: true, out var format) && Enum.IsDefined(format)
        && !int.TryParse(name, out _)
        ? format : throw new EspalierException($"'{name}' is not a GGUF type: {NearestName.Instead(name, [.. All.Select(Name)])}");

    /// <summary>llama.cpp's number of it (<c>general.file_type</c>, enum <c>llama_ftype</c>).</summary>
    public static uint FileType(this GgufFormat format) => format switch
    {
        GgufFormat.F32 => 0,
        GgufFormat.F16 => 1,
        GgufFormat.Q4_0 => 2,
        GgufFormat.Q8_0 => 7,
        GgufFormat.Q5_0 => 8,
        GgufFormat.Q4_K_M => 15,
        GgufFormat.Q5_K_M => 17,
        GgufFormat.Q6_K => 18,
        GgufFormat.BF16 => 32,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };

    /// <summary>The type of most matrices.</summary>
    public static GgufType MainType(this GgufFormat format) => format switch
    {
        GgufFormat.Q4_K_M => GgufType.Q4_K,
        GgufFormat.Q5_K_M => GgufType.Q5_K,
        _ => Enum.Parse<GgufType>(format.ToString()),
    };

    /// <summary>
    /// The type of a matrix by llama.cpp's mixtures: the head, and the embedding that serves as one, get Q6_K; values and down projections
    /// too, in the first and the last eighth of the layers and in every third between.
    /// </summary>
    /// <param name="format">The format.</param>
    /// <param name="parameter">The matrix; of a fused one the first part that is more than others: the values.</param>
    /// <param name="config">The model.</param>
    public static GgufType TypeOf(this GgufFormat format, Parameter parameter, DecoderConfig config)
    {
        var main = format.MainType();
        // llama.cpp keeps routers in float32, whatever the format.
        if (parameter.Role is ParameterRole.Router or ParameterRole.SharedExpertGate || IsConvolution(parameter.Role))
            return GgufType.F32;
        if (main.Blocks() is null)
            return main;
        var isHead = parameter.Role == ParameterRole.Head || parameter.Role == ParameterRole.Embedding && config.TiedEmbeddings;
        var isMixed = format is GgufFormat.Q4_K_M or GgufFormat.Q5_K_M
            && parameter.Role is ParameterRole.ValueProjection or ParameterRole.DownProjection or ParameterRole.ExpertDownProjection
            && CostsMost(parameter, config);
        return isHead || isMixed ? GgufType.Q6_K : main;
    }

    /// <summary>Whether it is a matrix that llama.cpp reads in float32 alone, whatever the format; routers it keeps so too.</summary>
    public static bool IsConvolution(ParameterRole role) => ParameterSpec.Of(role).IsConvolution;

    /// <summary>The type for rows that are no whole blocks of another: with 32 to a block and no fewer bits, else float16.</summary>
    /// <param name="type">The type that does not fit.</param>
    /// <param name="width">Weights of a row.</param>
    public static GgufType Fitting(this GgufType type, long width)
    {
        if (width % type.BlockSize() == 0)
            return type;
        var smaller = type switch { GgufType.Q4_K => GgufType.Q5_0, GgufType.Q5_K or GgufType.Q6_K => GgufType.Q8_0, _ => GgufType.F16 };
        return width % smaller.BlockSize() == 0 ? smaller : GgufType.F16;
    }

    // Of the layers that have such a matrix.
    private static bool CostsMost(Parameter parameter, DecoderConfig config)
    {
        var spec = ParameterSpec.Of(parameter.Role);
        int layers = Having(config.Layers), layer = Having(parameter.Layer);
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;

        int Having(int below) => Enumerable.Range(0, below).Count(at => spec.Exists(config, config.LayerKinds[at]));
    }
}

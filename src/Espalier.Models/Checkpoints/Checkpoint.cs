using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints;

/// <summary>
/// A model in a Hugging Face folder: its config, and its weights in one or many safetensors files, checked
/// against each other when it is opened. Nothing but headers is read until a tensor is asked for.
/// </summary>
public sealed class Checkpoint : ITensorSource, IDisposable
{
    private readonly CheckpointWeights? _weights;

    private Checkpoint(
        string folder, JsonObject rawConfig, JsonObject? generationConfig, Family family, DecoderConfig config,
        IReadOnlyList<string> carried, CheckpointWeights? weights)
    {
        (Folder, RawConfig, GenerationConfig, Family, Config) = (folder, rawConfig, generationConfig, family, config);
        this._weights = weights;
        CarriedFiles = carried;
    }

    /// <summary>The folder that was opened.</summary>
    public string Folder { get; }

    /// <summary>The model's shape.</summary>
    public DecoderConfig Config { get; }

    internal Family Family { get; }

    /// <summary>
    /// All fields of <c>config.json</c>, unchanged; for a model that also takes pictures, those of its text part.
    /// </summary>
    public JsonObject RawConfig { get; }

    /// <summary>All fields of <c>generation_config.json</c>; null if there is none.</summary>
    public JsonObject? GenerationConfig { get; }

    /// <summary>Names of the files that a folder written from this one takes over as they are: tokenizer, chat template, licence.</summary>
    public IReadOnlyList<string> CarriedFiles { get; }

    /// <summary>
    /// What the user should know of the files, a sentence each: what was passed over, followed, or is read differently elsewhere.
    /// </summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Whether the weights are open.</summary>
    public bool HasWeights => _weights is not null;

    /// <summary>The parameters by name; their offsets count within <see cref="FileOf"/>.</summary>
    internal IReadOnlyDictionary<string, TensorEntry> Entries => Weights.Entries;

    internal IReadOnlyList<SafetensorsFile> Files => Weights.Files;

    /// <summary>Bytes of all parameters as they are stored.</summary>
    public long TotalBytes => Entries.Values.Sum(static entry => entry.ByteLength);

    /// <summary>Number of all parameters, counted; equal to <see cref="DecoderConfig.Parameters"/>.</summary>
    public long CountedParameters => Entries.Values.Sum(static entry => entry.Elements);

    /// <summary>
    /// Type that most of the weights are stored in; without weights, the one that <c>config.json</c> names (F32 if none).
    /// </summary>
    public ElementType StoredType => _weights?.MainType ?? DeclaredType(RawConfig);

    private CheckpointWeights Weights => _weights
        ?? throw new EspalierException($"{Folder}: was opened only for its config, but the weights are needed here");

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">The folder; it holds <c>config.json</c> and, where wanted, the weights.</param>
    /// <param name="requireWeights">False opens only the config, whether or not there are weights.</param>
    /// <exception cref="EspalierException">
    /// A file is missing or broken, the family is unknown, or tensors and config contradict each other.
    /// </exception>
    public static Checkpoint Open(string folder, bool requireWeights = true) => Open(folder, FamilyCatalog.For, requireWeights);

    /// <summary>The same, of families that the catalogue need not know.</summary>
    internal static Checkpoint Open(string folder, Func<JsonObject, string, Family> familyOf, bool requireWeights = true)
    {
        ModelPlace.Require(folder);
        var configPath = Path.Combine(folder, CheckpointFolder.ConfigFile);
        var raw = JsonFile.Read(configPath);
        var text = TextPart.Of(raw, configPath);
        raw = text?.Fields ?? raw;
        var family = familyOf(raw, configPath);
        var config = family.ReadConfig(raw, configPath);
        var generationPath = Path.Combine(folder, CheckpointFolder.GenerationConfigFile);
        var generation = File.Exists(generationPath) ? JsonFile.Read(generationPath) : null;
        // Found out now and not when a student is written: a file that must not be carried along.
        IReadOnlyList<string> carried =
            [.. CheckpointFolder.Carried(folder).Where(name => text is null || !TextPart.FilesOfPictures.Contains(name))];
        var weights = requireWeights ? CheckpointWeights.Open(folder, family, raw, config, text) : null;
        return new(folder, raw, generation, family, config, carried, weights)
        {
            Notes = [.. weights is null && text is not null ? [text.Note(folder, null)] : Array.Empty<string>(),
                .. NotesOf(folder, raw, config, weights)],
        };
    }

    internal SafetensorsFile FileOf(string name) => Weights.FileOf(name);

    internal TensorEntry Entry(string name) => Weights.Entry(name);

    /// <summary>Copies elements of a parameter, widened to float.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="firstElement">Index of the first element, row-major over the whole tensor.</param>
    /// <param name="destination">The span to fill with elements.</param>
    public void ReadFloat32(string name, long firstElement, Span<float> destination) =>
        Weights.FileOf(name).ReadFloat32(Weights.Entry(name), firstElement, destination);

    /// <summary>All elements of a parameter, widened to float.</summary>
    public float[] ReadFloat32(string name) => Weights.FileOf(name).ReadFloat32(Weights.Entry(name));

    /// <summary>Copies elements of a parameter, widened to float, and refuses NaN and infinity.</summary>
    /// <exception cref="EspalierException">Names the tensor, the element and the value.</exception>
    public void ReadFinite(string name, long firstElement, Span<float> destination) => Weights.ReadFinite(name, firstElement, destination);

    /// <inheritdoc/>
    void ITensorSource.Fill(string name, long firstElement, Span<float> destination) => ReadFloat32(name, firstElement, destination);

    /// <summary>Reads every weight and refuses NaN and infinity.</summary>
    /// <exception cref="EspalierException">Names the tensor, the element and the value.</exception>
    public void CheckFinite(CancellationToken cancellation = default) => Weights.CheckFinite(Entries.Keys, cancellation);

    /// <summary>The same for some of them.</summary>
    public void CheckFinite(IEnumerable<string> names, CancellationToken cancellation = default) =>
        Weights.CheckFinite(names, cancellation);

    /// <summary>
    /// From here on, bytes of parameters that are read are hashed on the way, so that <see cref="WeightsHash"/> need not read them again.
    /// </summary>
    public void HashWhatIsRead() => Weights.HashWhatIsRead();

    /// <summary>
    /// SHA-256 of the weights, as 64 lower-case hexadecimal digits: of a line for each parameter, in ordinal order, with name, element
    /// type, shape and the SHA-256 of its stored bytes. How the parameters are laid out in files does not count. Reads those bytes that
    /// were not read from front to back since <see cref="HashWhatIsRead"/>.
    /// </summary>
    public string WeightsHash(CancellationToken cancellation = default) => Weights.Hash(cancellation);

    /// <inheritdoc/>
    public void Dispose() => _weights?.Dispose();

    private static string[] NotesOf(string folder, JsonObject raw, DecoderConfig config, CheckpointWeights? weights) =>
    [
        .. new[] { CheckpointFolder.NoteOfLinks(folder, weights?.Files.Select(static file => Path.GetFileName(file.Path)) ?? []) }
            .OfType<string>(),
        .. new[] { RotaryNotes.OfYarn(config, raw), RotaryNotes.OfUnscaledWindows(config), QuantizationFields.Note(raw) }.OfType<string>()
            .Select(note => $"{Path.Combine(folder, CheckpointFolder.ConfigFile)}: {note}"),
        .. weights?.Notes ?? [],
    ];

    private static ElementType DeclaredType(JsonObject config)
    {
        var fields = new ConfigFields(config, [], CheckpointFolder.ConfigFile);
        return (fields.Text("dtype") ?? fields.Text("torch_dtype")) switch
        {
            "bfloat16" => ElementType.BF16,
            "float16" => ElementType.F16,
            "float64" => ElementType.F64,
            _ => ElementType.F32,
        };
    }
}

namespace Espalier.Evaluation.Judges;

/// <summary>How long a judge is waited for.</summary>
/// <param name="Attempts">How often a question is asked at most.</param>
/// <param name="FirstDelay">The wait before the second time; doubled each time.</param>
/// <param name="MostDelay">The longest wait, also where the judge asks for a longer one.</param>
/// <param name="Timeout">The longest that one answer may take.</param>
internal sealed record JudgePatience(int Attempts, TimeSpan FirstDelay, TimeSpan MostDelay, TimeSpan Timeout)
{
    /// <summary>Half a minute of waiting for a judge that is busy, and three minutes for an answer.</summary>
    public static JudgePatience Usual { get; } = new(6, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(3));

    /// <summary>The wait after an attempt.</summary>
    /// <param name="attempt">The attempt that failed, from 0.</param>
    /// <param name="wanted">What the judge asked for; null where it said nothing.</param>
    public TimeSpan After(int attempt, TimeSpan? wanted)
    {
        var ours = FirstDelay * Math.Pow(2, attempt);
        var longer = wanted > ours ? wanted.Value : ours;
        return longer < MostDelay ? longer : MostDelay;
    }
}

/// <summary>Where a judge is that is asked as OpenAI's models are.</summary>
/// <param name="Address">Where conversations are sent: the address of chat/completions.</param>
/// <param name="Model">The name of the model there.</param>
/// <param name="Key">What it knows the user by; null where it does not ask.</param>
/// <param name="Patience">How long it is waited for.</param>
internal sealed record JudgeEndpoint(Uri Address, string Model, string? Key, JudgePatience Patience)
{
    /// <summary>The variable of the environment that has the key.</summary>
    public const string KeyVariable = "ESPALIER_JUDGE_KEY";

    private const string Path = "/chat/completions";

    /// <summary>Whether a text is an address, and no folder.</summary>
    public static bool IsAddress(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads an address: of the server, of what its version is called (<c>/v1</c>), or of chat/completions itself.</summary>
    /// <exception cref="EspalierException">It is none, or has a name or key in it.</exception>
    public static JudgeEndpoint Of(string address, string model, string? key, JudgePatience? patience = null)
    {
        if (!IsAddress(address) || !Uri.TryCreate(address, UriKind.Absolute, out var uri))
            throw new EspalierException($"the judge {OneLine.Clipped(address)} is not an address such as http://localhost:8000/v1");
        // What is written there would come into reports and caches.
        if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new EspalierException($"the judge's address may only have a server and a path; put a key in {KeyVariable}");
        if (key is not null && (key.Length == 0 || key.Any(c => c is <= ' ' or > '~')))
            throw new EspalierException($"{KeyVariable} is empty or has characters that a key cannot have");
        var path = uri.AbsolutePath.TrimEnd('/');
        if (!path.EndsWith(Path, StringComparison.Ordinal))
            path = (path.Length == 0 ? "/v1" : path) + Path;
        return new(new UriBuilder(uri) { Path = path }.Uri, model, key, patience ?? JudgePatience.Usual);
    }
}

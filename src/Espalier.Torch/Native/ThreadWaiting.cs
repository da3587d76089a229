namespace Espalier.Torch.Native;

/// <summary>
/// How long OpenMP's threads spin before they sleep, when they have nothing to do. libgomp spins 300,000 rounds, which is some 17 ms where
/// a pause takes 140 cycles: on a machine where others compute too, a thread burns its whole share of a processor waiting for one that is
/// not even running. A short spin still spans the gap between two operators. docs/decisions/0013 has the numbers.
/// </summary>
internal static class ThreadWaiting
{
    /// <summary>The variable that libgomp reads once, when it is loaded.</summary>
    public const string Variable = "GOMP_SPINCOUNT";

    /// <summary>Rounds of spinning that are chosen where the user chose nothing.</summary>
    public const int Spins = 300;

    /// <summary>The variables by which a user chooses: any of them, and nothing is set.</summary>
    public static IReadOnlyList<string> OfTheUser { get; } = ["OMP_WAIT_POLICY", Variable];

    /// <summary>A value for <see cref="Variable"/>, or null where the user chose.</summary>
    public static string? Choice(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return OfTheUser.All(name => string.IsNullOrEmpty(environment(name))) ? Spins.ToString(CultureInfo.InvariantCulture) : null;
    }
}

namespace Espalier.Cli.Machine;

/// <summary>How bad something is.</summary>
internal enum Severity
{
    /// <summary>Nothing will work.</summary>
    Unusable,

    /// <summary>It works, but slowly or not for long.</summary>
    Warning,
}

/// <summary>Something that is wrong, and what to do about it.</summary>
internal sealed record Finding(Severity Severity, string What, string WayOut);

using Espalier.Cli;
using Espalier.Cli.Commands;
using Espalier.Cli.Rendering;

return Launch.Run(CommandList.All(), args, Terminal.OfProcess());
